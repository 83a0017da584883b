import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test, type TestContext } from 'node:test';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { word } from '../../../test/rig/unit-history.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import type { UnitLine } from './journal-entry.ts';
import { createUnitLog, knownOnce, recordKey } from './unit-log.ts';

const MS = Date.parse('2026-11-22T06:00:00.000Z');

function line(message: string, part: Partial<UnitLine> = {}): UnitLine {
  const cursor = `c-${message}`;
  return {
    from: 'unit',
    unit: 'x.service',
    invocation: 'L1',
    cursor,
    time: MS * 1000,
    message,
    level: 9,
    plain: true,
    ...part,
  };
}

function open(t: TestContext, path: string, stored: readonly RecordDraft[] = []) {
  const drafts: RecordDraft[] = [];
  const log = createUnitLog({
    service: 'svc',
    path,
    budgetBytes: 1_048_576,
    clock: systemClock,
    log: silentLog,
    records: (batch) => void drafts.push(...batch),
    recorded: (since) => knownOnce(stored.filter(({ time }) => time >= since).map(recordKey)),
  });
  onEnd(t, () => log.close());
  return { ...log, drafts };
}

test('lines of the journal go to the time line and to the captured log, with their own time and level', async (t) => {
  leakCheck(t);
  const path = `${tempFolder(t)}/x.log`;
  const log = open(t, path);
  void log.take(
    [
      line('hello'),
      line('it went wrong', { level: 17 }),
      line('ERROR it says so itself'),
      line('ERROR in a text that has a level of its own', { plain: false }),
      line('{"msg":"structured","level":"warn","code":7}'),
      line('two\nlines', { plain: false, invocation: null }),
      word('L1', { kind: 'started' }, MS, 'Started x.service.'),
    ],
    false,
  );
  await log.close();
  assert.deepEqual(
    log.drafts.map(({ level, sender, message, life, fields }) => [level, sender, message, life, fields]),
    [
      [9, 'stdout', 'hello', 'L1', undefined],
      [17, 'stdout', 'it went wrong', 'L1', undefined],
      [17, 'stdout', 'ERROR it says so itself', 'L1', undefined],
      [9, 'journal', 'ERROR in a text that has a level of its own', 'L1', undefined],
      [13, 'stdout', 'structured', 'L1', { code: 7 }],
      [9, 'journal', 'two\nlines', '', undefined],
      [9, 'systemd', 'Started x.service.', 'L1', undefined],
    ],
  );
  assert.ok(
    log.drafts.every(({ time, kind, service }) => time === MS * 1000 && kind === 'log' && service === 'svc'),
  );
  const at = '2026-11-22T06:00:00.000Z';
  assert.deepEqual(fs.readFileSync(path, 'utf8').split('\n'), [
    `${at} stdout hello`,
    `${at} stdout it went wrong`,
    `${at} stdout ERROR it says so itself`,
    `${at} journal ERROR in a text that has a level of its own`,
    `${at} stdout {"msg":"structured","level":"warn","code":7}`,
    `${at} journal two`,
    `${at} journal lines`,
    '',
  ]);
  assert.deepEqual(log.tail('L1').slice(0, 2), ['hello', 'it went wrong']);
  assert.deepEqual(log.tail('L0'), []);
});

test('what an earlier daemon took already is left out, each line as often as it is there', async (t) => {
  leakCheck(t);
  const path = `${tempFolder(t)}/x.log`;
  const lines = [line('a'), line('tick'), line('tick'), line('tick')];
  const first = open(t, path);
  void first.take(lines.slice(0, 3), false);
  await first.close();
  const second = open(t, path, first.drafts);
  void second.take(lines, true);
  void second.take([line('tick')], false);
  await second.close();
  assert.deepEqual(
    second.drafts.map(({ message }) => message),
    ['tick', 'tick'],
  );
  assert.equal(fs.readFileSync(path, 'utf8').split('tick').length - 1, 4);
});
