import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { leakCheck, tempFolder } from '../../../../test/rig/leaks.ts';
import { type Clock, systemClock } from '../../../core/clock.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import type { HubStore } from '../../threads/hub-store.ts';
import { openWatchdogDatabase } from './database.ts';
import { createUploadKeys, readUploadKey, type UploadKeys } from './upload-keys.ts';

/** What becomes of an upload: a kill before or behind the moment when the store has it. */
type Fate = 'stored' | 'later' | 'killed before' | 'killed behind';

class Killed extends Error {}

/** As the store keeps numbers: what is not above the highest of its series is a double. */
function createModelStore(): Pick<HubStore, 'append' | 'lastOf'> & {
  fate: Fate;
  readonly messages: string[];
} {
  let last = 0;
  const messages: string[] = [];
  return {
    fate: 'stored',
    messages,
    lastOf: async () => last,
    async append(_from, json) {
      const { fate } = this;
      if (fate === 'killed before') throw new Killed();
      if (fate === 'later') return { ok: false, kind: 'later', message: 'cannot now' };
      const records = JSON.parse(Buffer.from(json).toString()) as { seq: number; message: string }[];
      const fresh = records.filter(({ seq }) => seq > last);
      for (const { seq, message } of fresh) {
        messages.push(message);
        last = seq;
      }
      if (fate === 'killed behind') throw new Killed();
      const [stored, doubled] = [fresh.length, records.length - fresh.length];
      return { ok: true, stored, doubled, last };
    },
  };
}

/** Nothing of it happens any more once it is dead: what waits to be written is lost, as with a kill. */
function createMortalClock(): Clock & { isDead: boolean } {
  return {
    ...systemClock,
    isDead: false,
    timer(_ms, fn) {
      const handle = setImmediate(() => {
        if (!this.isDead) fn();
      });
      return { cancel: () => clearImmediate(handle) };
    },
  };
}

const upload = fc.record({
  key: fc.nat(3),
  fate: fc.constantFrom<Fate>('stored', 'stored', 'later', 'killed before', 'killed behind'),
});

function recordsOf(key: number): readonly IncomingRecord[] {
  return Array.from({ length: key + 1 }, (_, index) => ({ message: `${key}/${index}` }) as IncomingRecord);
}

test('whatever is refused or killed, in whatever order it comes again: an upload with a key is there once', async (t) => {
  leakCheck(t);
  const run = async (uploads: readonly { key: number; fate: Fate }[]): Promise<void> => {
    const opened = openWatchdogDatabase(tempFolder(t));
    assert.ok(opened.ok);
    const db = opened.value;
    const store = createModelStore();
    const start = (): { clock: ReturnType<typeof createMortalClock>; keys: UploadKeys } => {
      const clock = createMortalClock();
      return { clock, keys: createUploadKeys({ db, store, clock }) };
    };
    let { clock, keys } = start();
    const all = [...uploads, ...[3, 1, 0, 2, 0, 1, 2, 3].map((key) => ({ key, fate: 'stored' as const }))];
    for (const { key, fate } of all) {
      store.fate = fate;
      const records = recordsOf(key);
      const name = readUploadKey(`key ${key}`, 'log', records);
      assert.ok(name.ok);
      try {
        const answer = await keys.take('a', name.value, records);
        if (answer.ok) assert.equal(answer.stored + answer.doubled, records.length);
      } catch (thrown) {
        if (!(thrown instanceof Killed)) throw thrown;
        clock.isDead = true;
        ({ clock, keys } = start());
      }
    }
    db.close();
    const expected = [0, 1, 2, 3].flatMap((key) => recordsOf(key).map(({ message }) => message));
    assert.deepEqual(
      store.messages.toSorted((a, b) => (a < b ? -1 : 1)),
      expected,
    );
  };
  await fc.assert(fc.asyncProperty(fc.array(upload, { maxLength: 8 }), run), { numRuns: 60 });
});

test('keys are kept a day, and so many of them', async (t) => {
  leakCheck(t);
  const opened = openWatchdogDatabase(tempFolder(t));
  assert.ok(opened.ok);
  const store = createModelStore();
  let wall = Date.now();
  const clock = { ...createMortalClock(), now: () => wall };
  const keys = createUploadKeys({ db: opened.value, store, clock, most: 5 });
  const take = async (key: number): Promise<unknown> => {
    const name = readUploadKey(`key ${key}`, 'log', key);
    assert.ok(name.ok);
    const answer = await keys.take('a', name.value, recordsOf(0));
    return answer.ok && answer.stored;
  };
  for (let key = 0; key < 20; key++) {
    wall++;
    assert.equal(await take(key), 1);
  }
  assert.deepEqual([await take(19), await take(18), await take(0)], [0, 0, 1]);
  wall += 24 * 3600 * 1000 + 1;
  assert.equal(await take(19), 1);
  keys.close();
  opened.value.close();
  assert.equal(readUploadKey('', 'log', []).ok, false);
  assert.equal(readUploadKey('ä', 'log', []).ok, false);
});
