import type { Notice } from '../../src/core/channel.ts';
import { LEVELS } from '../../src/core/record.ts';
import { AT, noticeItem, recoveryNotice, sampleNotice } from './channels.ts';

/** What tries to be more than text. */
const HOSTILE =
  '@channel <!here> <@U1> ``` *b* _i_ ~s~ `c` [l](https://x) </pre><script>&amp; @everyone #x :smile:';
const long = (length: number): string => 'wäö<&>`*@'.repeat(length).slice(0, length);
/** Notices that are hard to fit into a form. */
export const HARD_NOTICES: Readonly<Record<string, Notice>> = {
  'an outage': sampleNotice(),
  'a recovery': recoveryNotice(),
  'a test without anything': sampleNotice({
    event: 'test',
    items: [],
    lines: [],
    snooze: '',
    level: LEVELS.info,
  }),
  'a digest': sampleNotice({ event: 'digest', items: [], level: LEVELS.info, lines: ['all is well'] }),
  'a job’s output': sampleNotice({
    event: 'job',
    items: [],
    lines: Array.from({ length: 900 }, (_, n) => `${n}`),
  }),
  'hostile text': sampleNotice({
    title: HOSTILE,
    snooze: HOSTILE,
    items: [noticeItem({ reason: HOSTILE, tail: [HOSTILE, '```', '</pre>'], next: HOSTILE })],
  }),
  'thirty services': sampleNotice({
    items: Array.from({ length: 30 }, (_, n) => noticeItem({ id: `i${n}`, service: `s${n}` })),
  }),
  'all as long as can be': sampleNotice({
    title: long(10_000),
    snooze: long(10_000),
    dueAt: AT,
    items: Array.from({ length: 300 }, (_, n) =>
      noticeItem({
        id: `${n}${long(400)}`,
        service: long(300),
        reason: long(3000),
        value: long(3000),
        next: long(3000),
        tail: Array.from({ length: 20 }, () => long(900)),
        actions: Array.from({ length: 50 }, () => ({ at: AT, text: long(900) })),
      }),
    ),
  }),
  'one as long as can be': sampleNotice({
    title: long(10_000),
    snooze: long(10_000),
    dueAt: AT,
    items: [
      noticeItem({
        reason: long(3000),
        value: long(3000),
        next: long(3000),
        tail: Array.from({ length: 20 }, () => long(900)),
        actions: Array.from({ length: 50 }, () => ({ at: AT, text: long(900) })),
      }),
    ],
  }),
};
