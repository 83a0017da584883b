import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../live/words.ts';
import { summaryOf } from './summary.ts';

const all = (...conditions: Condition[]) => conditions.map((condition) => ({ condition }));
const hosts = (...connected: boolean[]) => connected.map((each) => ({ connected: each }));

test('the sentence counts what is wrong, the worst first, and of how much', () => {
  const { text, condition } = summaryOf(
    all('bad', 'ok', 'bad', 'late'),
    all('ok', 'unknown'),
    hosts(true, true),
  );
  assert.equal(text, '2 bad, 1 late, 1 unknown of 4 services and 2 jobs on 2 hosts');
  assert.equal(condition, 'bad');
});

test('where all is well it says so, in the singular too', () => {
  assert.equal(
    summaryOf(all('ok', 'ok'), all('ok'), hosts(true)).text,
    'All 2 services and 1 job on 1 host are ok',
  );
  assert.equal(summaryOf(all('ok'), [], hosts(true)).text, 'The service on 1 host is ok');
  assert.equal(
    summaryOf(all('ok', 'stopped'), [], hosts(true)).text,
    'All 2 services on 1 host are ok, 1 of them stopped',
  );
  assert.equal(summaryOf(all('ok', 'stopped'), [], hosts(true)).condition, 'ok');
  assert.equal(summaryOf(all('stopped'), [], hosts(true)).condition, 'stopped');
  const { text, condition } = summaryOf([], [], hosts(true));
  assert.deepEqual([text, condition], ['No service is here yet', 'stopped']);
});

test('a host that is away is said, and makes nothing look well', () => {
  const { text, condition } = summaryOf(all('ok'), [], hosts(true, false));
  assert.equal(text, 'The service on 2 hosts is ok; 1 host is not connected');
  assert.equal(condition, 'unknown');
  assert.match(summaryOf(all('unknown'), [], hosts(false, false)).text, /; no host is connected$/);
  assert.match(summaryOf(all('bad'), [], hosts(false, false, true)).text, /; 2 hosts are not connected$/);
});

test('large numbers are readable', () => {
  const many = Array.from({ length: 1000 }, () => ({ condition: 'ok' as const }));
  assert.equal(summaryOf(many, [], hosts(true)).text, 'All 1,000 services on 1 host are ok');
});
