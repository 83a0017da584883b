import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, type Incident, over } from './incident.ts';
import type { EntryEvent } from './telling.ts';
import { listNames, titleOf } from './wording.ts';

const HOUR = 3_600_000;

function incident(more: Partial<Incident> = {}): Incident {
  const subject = { service: 'web', kind: 'watch', watch: 'alive', state: 'bad', level: 17 } as const;
  const begun = begin({
    ...subject,
    id: 'i',
    since: 0,
    life: '',
    value: null,
    reason: 'no answer within 5s',
  });
  return { ...begun, ...more };
}

const own = { watch: '' };
const watch = incident();
const unknown = incident({ state: 'unknown', reason: 'cannot look: no such file' });
const lane = incident({ ...own, kind: 'lane', state: 'slow', reason: '12 starts in 10 minutes' });
const ready = incident({
  ...own,
  kind: 'ready',
  state: 'late',
  reason: 'not within 30s: no line "listening"',
});
const stuck = incident({
  ...own,
  kind: 'state',
  state: 'stuck',
  reason: 'SIGKILL does not end its processes',
});
const failed = incident({ ...own, kind: 'state', state: 'failed', reason: 'failed (exit-code)' });
const dns = incident({ service: 'dns' });
const ended = (what: Incident, ending = ''): Incident => over(what, HOUR, ending);
const PERSON = 'stopped by a person';

type Case = readonly [title: string, ...said: (readonly [Incident, EntryEvent])[]];

const CASES: readonly Case[] = [
  ['web is bad on box1: alive: no answer within 5s', [watch, 'outage']],
  ['web is unknown on box1: alive: cannot look: no such file', [unknown, 'outage']],
  ['web is in the slow lane on box1: 12 starts in 10 minutes', [lane, 'update']],
  ['web is not ready on box1: not within 30s: no line "listening"', [ready, 'outage']],
  ['web is stuck on box1: SIGKILL does not end its processes', [stuck, 'outage']],
  ['web has failed on box1: failed (exit-code)', [failed, 'outage']],
  ['web is still bad on box1, for 2h: alive: no answer within 5s', [watch, 'repeat']],
  ['web is well again on box1: alive was bad for 1h', [ended(watch), 'recovery']],
  ['web is well again on box1: it was in the slow lane for 1h', [ended(lane), 'recovery']],
  [
    `web is no longer in trouble on box1 (${PERSON}): it was not ready for 1h`,
    [ended(ready, PERSON), 'recovery'],
  ],
  ['web was bad on box1 for 1h, and is well again: alive: no answer within 5s', [ended(watch), 'both']],
  [
    `web had failed on box1 for 1h, and is no longer in trouble (${PERSON}): failed (exit-code)`,
    [ended(failed, PERSON), 'both'],
  ],
  ['web is in trouble on box1: alive is bad and it is in the slow lane', [watch, 'outage'], [lane, 'repeat']],
  [
    'web is still in trouble on box1: alive is bad and it is in the slow lane',
    [watch, 'repeat'],
    [lane, 'repeat'],
  ],
  [
    'web is well again on box1: alive was bad and it was in the slow lane',
    [ended(watch), 'both'],
    [ended(lane), 'recovery'],
  ],
  ['2 services are in trouble on box1: web and dns', [watch, 'outage'], [dns, 'outage']],
  ['2 services are still in trouble on box1: web and dns', [watch, 'repeat'], [dns, 'repeat']],
  ['2 services are well again on box1: web and dns', [ended(watch), 'recovery'], [ended(dns), 'recovery']],
  [
    '2 services are no longer in trouble on box1: web and dns',
    [ended(watch, PERSON), 'recovery'],
    [ended(dns), 'recovery'],
  ],
];

for (const [title, ...said] of CASES)
  test(`a title: ${title}`, () => {
    const all = said.map(([what, event]) => ({ incident: what, event }));
    assert.equal(titleOf(all, 'box1', 2 * HOUR), title);
  });

test('of many names the first are told', () => {
  assert.equal(listNames([]), '');
  assert.equal(listNames(['a']), 'a');
  assert.equal(listNames(['a', 'b', 'c']), 'a, b and c');
  assert.equal(listNames(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more');
});
