import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { silentLog } from '../core/log.ts';
import type { RecordDraft, RecordStore, StoredRecord } from '../core/record.ts';
import { StoreFullError } from '../core/sqlite.ts';
import { createRecorder } from './recorder.ts';

/** A store whose disk can be full. Only time and faults are faked: what it keeps, it keeps in order. */
function open() {
  const clock = createFakeClock();
  const kept: StoredRecord[] = [];
  const shown: StoredRecord[] = [];
  const disk = { full: false, prunes: 0, more: 0 };
  const store: RecordStore = {
    append(drafts) {
      if (disk.full) throw new StoreFullError('cannot store: full', {});
      const stored = drafts.map((each, i) => ({
        ...each,
        agent: 'a',
        host: 'h',
        seq: kept.length + i + 1,
        received: 0,
      }));
      kept.push(...stored);
      return stored;
    },
    query: () => [],
    follow: async function* () {},
    prune() {
      disk.prunes += 1;
      return disk.more > 0 ? disk.more-- : 0;
    },
    close: () => {},
  };
  const recorder = createRecorder({
    store,
    clock,
    log: silentLog,
    stored: (records) => shown.push(...records),
  });
  return { clock, kept, shown, disk, recorder };
}

function draft(message: string, kind: RecordDraft['kind'] = 'log'): RecordDraft {
  return { time: 1, service: 's', life: '', kind, level: 9, sender: 'stdout', message };
}

test('records are stored in order within 100 ms, and shown only once they are stored', async () => {
  const { clock, kept, shown, recorder } = open();
  recorder.add([draft('a'), draft('b')]);
  await clock.advance(99);
  assert.equal(shown.length, 0);
  await clock.advance(1);
  assert.deepEqual(
    kept.map((record) => record.message),
    ['a', 'b'],
  );
  assert.deepEqual(shown, kept);
  recorder.close();
});

test('500 records do not wait', () => {
  const { kept, recorder } = open();
  recorder.add(Array.from({ length: 500 }, (_, i) => draft(String(i))));
  assert.equal(kept.length, 500);
  recorder.close();
});

test('a full disk holds records back, bounded; starts and exits outlast log lines; the loss is told once it is over', async () => {
  const { clock, kept, disk, recorder } = open();
  disk.full = true;
  recorder.add(Array.from({ length: 25_000 }, (_, i) => draft(`line ${i}`)));
  recorder.add([draft('exited', 'exit')]);
  await clock.advance(30_000);
  assert.equal(kept.length, 0);
  disk.full = false;
  await clock.advance(1_000);
  assert.equal(kept.length, 20_002);
  assert.deepEqual(
    kept.slice(0, 2).map((record) => record.message),
    ['line 0', 'line 1'],
  );
  assert.equal(kept.at(-2)?.message, 'exited');
  assert.match(kept.at(-1)?.message ?? '', /could not be written for 3\d s; 5000 records are lost/);
  recorder.close();
});

test('pruning goes on in small pieces while there is more to delete', async () => {
  const { clock, disk, recorder } = open();
  disk.more = 3;
  await clock.advance(60_000);
  await clock.advance(1_000);
  assert.equal(disk.prunes, 4);
  await clock.advance(60_000);
  assert.equal(disk.prunes, 5);
  recorder.close();
});
