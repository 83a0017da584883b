import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import {
  BY,
  type KnownToken,
  MINUTE_MS,
  type Model,
  type Step,
  step,
  type World,
} from '../../../test/rig/access-model.ts';
import { createFakeClock, type FakeClock } from '../../../test/rig/fake-clock.ts';
import { filesWith, must } from '../../../test/rig/hub-access.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { silentLog } from '../../core/log.ts';
import type { Principal } from '../server/principal.ts';
import { type Access, createAccess } from './access.ts';
import { openAccessStore } from './store.ts';

function open(folder: string, clock: FakeClock): Access {
  return createAccess({ store: must(openAccessStore(folder, { clock })), clock, log: silentLog });
}

/** Who a token lets in, or why nobody. */
function expected(
  { users }: Model,
  { kind, whose, expires, revoked }: KnownToken,
  now: number,
): Principal | string {
  if (revoked) return `the ${kind === 'session' ? 'session' : 'token'} was revoked`;
  if (expires !== null && expires <= now)
    return `the ${kind === 'session' ? 'session' : 'token'} has expired`;
  if (kind === 'agent') return { kind, name: whose };
  const rights = users.get(whose);
  assert.ok(rights);
  return { kind: 'user', name: whose, ...rights };
}

function checkAll({ model, handles, clock }: World, before: Map<string, Principal>): void {
  for (const token of model.tokens) {
    const right = expected(model, token, clock.now());
    for (const access of handles) {
      const found =
        token.kind === 'session'
          ? access.sessions.check(`a=b; vahti_session=${token.secret}`, 'GET', undefined)
          : access.tokens.check(token.secret);
      // A session is forgotten some time after its end.
      const gone =
        token.kind === 'session' &&
        typeof right === 'string' &&
        !found.ok &&
        found.error === 'the session is not known';
      if (!gone) assert.deepEqual(found.ok ? found.value : found.error, right);
      const last = before.get(token.secret);
      if (last !== undefined)
        assert.equal(access.tokens.holds(token.secret, last), isDeepStrictEqual(last, right));
    }
    if (typeof right !== 'string') before.set(token.secret, right);
  }
}

async function play(
  t: TestContext,
  steps: readonly (readonly [readonly [string, Step | 'reopen' | number], boolean])[],
): Promise<void> {
  const folder = tempFolder(t);
  const clock = createFakeClock();
  const world: World = {
    clock,
    folder,
    handles: [open(folder, clock), open(folder, clock)],
    model: { tokens: [], codes: [], agents: new Set(), users: new Map() },
  };
  const before = new Map<string, Principal>();
  try {
    for (const [[, what], first] of steps) {
      const index = first ? 0 : 1;
      if (what === 'reopen') {
        world.handles[index].close();
        world.handles[index] = open(folder, clock);
      } else if (typeof what === 'number') await clock.advance(what * MINUTE_MS);
      else await what(world, world.handles[index]);
      checkAll(world, before);
    }
    const secrets = [...world.model.tokens, ...world.model.codes].map(({ secret }) => secret);
    assert.deepEqual(filesWith(folder, secrets), []);
  } finally {
    for (const access of world.handles) access.close();
  }
}

test('whoever has a token comes in as long, and as whom, as was said last, in whatever process', async (t) => {
  leakCheck(t);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.boolean()), { minLength: 20, maxLength: 50, size: 'max' }),
      (steps) => play(t, steps),
    ),
    { numRuns: 15 },
  );
});

test('what is revoked or changed by another handle holds for the very next question', (t) => {
  const [folder, clock] = [tempFolder(t), createFakeClock()];
  const [hub, cli] = [open(folder, clock), must(openAccessStore(folder, { clock }))];
  onEnd(t, () => {
    hub.close();
    cli.close();
  });
  must(cli.users.create('ada', { role: 'operate', agents: ['alpha'] }, BY));
  const made = must(cli.tokens.create({ kind: 'user', whose: 'ada', label: '' }, BY));
  const seen = must(hub.tokens.check(made.token));
  assert.deepEqual(seen, { kind: 'user', name: 'ada', role: 'operate', agents: ['alpha'] });
  assert.equal(hub.tokens.holds(made.token, seen), true);
  must(cli.users.change('ada', { agents: [] }, BY));
  assert.equal(hub.tokens.holds(made.token, seen), false);
  assert.deepEqual(must(hub.tokens.check(made.token)), { ...seen, agents: [] });
  const link = must(cli.codes.createLink('ada', BY));
  cli.users.remove('ada', BY);
  must(cli.users.create('ada', { role: 'admin' }, BY));
  assert.equal(hub.login.byLink(link.code, '').ok, false, 'a link is of the user that is gone');
  assert.deepEqual(hub.tokens.check(made.token), { ok: false, error: 'the token was revoked' });
});
