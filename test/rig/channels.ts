import type { TestContext } from 'node:test';
import * as v from 'valibot';
import type { DeliveryOutcome, Notice, NoticeItem } from '../../src/core/channel.ts';
import { systemClock } from '../../src/core/clock.ts';
import { LEVELS } from '../../src/core/record.ts';
import type { ChannelContext, ChannelKind } from '../../src/notify/channel-kind.ts';
import { tempFolder, testStateId } from './leaks.ts';

/** 2026-11-22 10:31:05 UTC. */
export const AT = Date.parse('2026-11-22T10:31:05Z');

/** One piece of trouble as the outbox describes it. */
export function noticeItem(changes: Partial<NoticeItem> = {}): NoticeItem {
  return {
    id: 'inc-7',
    service: 'web',
    subject: 'alive',
    state: 'bad',
    level: LEVELS.error,
    since: AT - 185_000,
    until: null,
    value: 'status 503 in 12ms',
    reason: 'http://127.0.0.1:8080/ping: status is 503, expected == 200',
    actions: [{ at: AT - 120_000, text: 'restart by the watch alive: alive is bad' }],
    tail: ['listening on 8080', 'Error: cannot reach the database', '    at connect (db.js:12:7)'],
    next: 'another restart at 10:33:05 UTC, 2 of 3 are left',
    ...changes,
  };
}

/** A message as the outbox hands it to a channel. */
export function sampleNotice(changes: Partial<Notice> = {}): Notice {
  const items = changes.items ?? [noticeItem()];
  return {
    id: 'box1-41',
    thread: 'box1-41',
    event: 'outage',
    host: 'box1.uni.example',
    at: AT,
    title: 'web is bad on box1: alive: status is 503, expected == 200',
    level: Math.max(LEVELS.info, ...items.map(({ level }) => level)),
    items,
    lines: [],
    snooze: "vahti snooze web 2h --why '…'",
    dueAt: null,
    triedAt: AT + 1000,
    ...changes,
  };
}

/** The end of the trouble of `sampleNotice`. */
export function recoveryNotice(changes: Partial<Notice> = {}): Notice {
  const items = [
    noticeItem({
      state: 'ok',
      level: LEVELS.info,
      until: AT + 535_000,
      reason: 'status is 200 (== 200)',
      next: '',
    }),
  ];
  return sampleNotice({
    id: 'box1-52',
    event: 'recovery',
    at: AT + 535_000,
    title: 'web is well again on box1, after 12m',
    items,
    snooze: '',
    ...changes,
  });
}

export interface OpenChannel {
  readonly folder: string;
  /** One try, within a deadline; default 10 s. */
  send(notice?: Notice, request?: SendRequest): Promise<DeliveryOutcome>;
}

export interface SendRequest {
  readonly timeoutMs?: number;
  /** Ends the try before its deadline. */
  readonly signal?: AbortSignal;
  readonly taken?: readonly string[];
}

export interface ChannelOptions {
  readonly context?: Partial<ChannelContext>;
  /** Called with the folder before the channel is opened. */
  readonly prepare?: (folder: string) => void;
}

/** Opens a channel with options as a config file has them, on the real clock. @throws where they do not fit its schema. */
export function openChannel<O>(
  t: TestContext,
  kind: ChannelKind<O>,
  options: object,
  { context, prepare }: ChannelOptions = {},
): OpenChannel {
  const folder = tempFolder(t);
  prepare?.(folder);
  const opened = kind.open(v.parse(kind.options, options), {
    name: 'ops',
    clock: systemClock,
    folder,
    env: { PATH: process.env['PATH'] ?? '' },
    zone: 'UTC',
    life: `${testStateId}/notify/ops`,
    ...context,
  });
  return {
    folder,
    async send(notice = sampleNotice(), { timeoutMs = 10_000, signal, taken } = {}) {
      const channel = await opened;
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), timeoutMs);
      const ends = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]);
      return channel.send(notice, ends, taken).finally(() => clearTimeout(timer));
    },
  };
}

/** What is wrong with options: by their schema, else by what the kind has against them. */
export function channelComplaints<O>(
  kind: ChannelKind<O>,
  options: unknown,
  folder = '/',
): readonly string[] {
  const parsed = v.safeParse(kind.options, options);
  if (!parsed.success) return parsed.issues.map((issue) => issue.message);
  return kind.problems?.(parsed.output, { folder }) ?? [];
}
