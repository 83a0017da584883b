import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { HUB_KEEP, sent } from '../../../test/rig/hub-threads.ts';
import { within } from '../../../test/rig/wait.ts';
import type { HubRow } from '../blocks/row.ts';
import { type HubStore, openHubStore } from './hub-store.ts';

async function open(t: TestContext, folder: string): Promise<HubStore> {
  const store = await openHubStore({
    folder,
    keep: HUB_KEEP,
    clock: systemClock,
    note: (note) => t.diagnostic(note),
    died: (error) => {
      throw error;
    },
  });
  return store;
}

test('many agents at once are each stored once, found, counted and followed; sent again nothing changes', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const store = await open(t, folder);
  const stop = new AbortController();
  const followed: HubRow[] = [];
  const following = (async () => {
    for await (const page of store.follow({ levelAtLeast: 17 }, 0, stop.signal)) {
      followed.push(...page.rows);
      if (followed.length === 500) return;
    }
  })();
  const agents = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
  const answers = await Promise.all(
    agents.flatMap((agent) =>
      Array.from({ length: 10 }, (_, part) => store.append({ agent }, sent(part * 10 + 1, part * 10 + 10))),
    ),
  );
  assert.ok(answers.every((answer) => answer.ok && answer.stored === 10 && answer.doubled === 0));
  assert.deepEqual(await store.append({ agent: 'agent-7' }, sent(95, 101)), {
    ok: true,
    stored: 1,
    doubled: 6,
    last: 101,
  });
  assert.equal(await store.lastOf('agent-7'), 101);
  await within(following, { what: 'all errors to be followed' });
  assert.equal(new Set(followed.map(({ agent, seq }) => `${agent}/${seq}`)).size, 500);
  const page = await store.newest({ agents: ['agent-3'], limit: 1000 }, 1000);
  assert.ok(page.ok);
  assert.equal(page.value.rows.length, 100);
  const bad = await store.newest({ matches: '(', limit: 10 }, 1000);
  assert.match(bad.ok ? '' : bad.error, /^the expression "\(" cannot be used/);
  const counts = await store.counts({ filter: {}, step: 60_000_000 }, 1000);
  assert.ok(counts.ok);
  assert.equal(
    counts.value.counts.reduce((sum, { count }) => sum + count, 0),
    5001,
  );
  await store.close();
  const again = await open(t, folder);
  assert.deepEqual(await again.append({ agent: 'agent-7' }, sent(1, 101)), {
    ok: true,
    stored: 0,
    doubled: 101,
    last: 101,
  });
  assert.equal(again.position(), 5001);
  stop.abort();
  await again.close();
});

test('what is no list of records is refused with its place, and stores nothing', async (t) => {
  leakCheck(t);
  const store = await open(t, tempFolder(t));
  const [good] = JSON.parse(Buffer.from(sent(1, 1)).toString()) as [Record<string, unknown>];
  const table: readonly (readonly [unknown, RegExp])[] = [
    ['{', /^it is no JSON$/],
    [{}, /^it is no list of records$/],
    [[good, 7], /^record 2: it is no object$/],
    [[good, good], /^record 2: seq is no whole number above 1$/],
    [[{ ...good, time: 1.5 }], /^record 1: time is no whole number/],
    [[{ ...good, kind: 'toString' }], /^record 1: kind is none/],
    [[{ ...good, level: 25 }], /^record 1: level is not a whole number from 1 to 24$/],
    [[{ ...good, message: null }], /^record 1: message is no text/],
    [[{ ...good, sender: 'x'.repeat(600) }], /^record 1: sender is no text/],
    [[{ ...good, fields: [] }], /^record 1: fields is no object$/],
  ];
  for (const [value, expected] of table) {
    const json = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    const answer = await store.append({ agent: 'a' }, json);
    assert.ok(!answer.ok && answer.kind === 'bad');
    assert.match(answer.message, expected);
  }
  assert.equal(store.position(), 0);
  await store.close();
});
