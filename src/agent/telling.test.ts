import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { createTelling } from './telling.ts';

test('one line for each change that lasts: a connection that comes and goes makes none', async () => {
  const clock = createFakeClock();
  const lines: string[] = [];
  const telling = createTelling('wss://hub', clock, (drafts) =>
    lines.push(...drafts.map(({ message }) => message)),
  );
  telling.stands('away', 'nothing listens there');
  await clock.advance(3_000);
  telling.stands('connected', 'as alpha');
  for (let each = 0; each < 100; each++) {
    telling.stands('away', 'the connection broke');
    await clock.advance(4_000);
    telling.stands('connected', 'as alpha');
    await clock.advance(500);
  }
  assert.deepEqual(lines.splice(0), ['ships the time line to wss://hub as alpha']);
  for (const why of ['the connection broke', 'nothing listens there', 'nothing listens there']) {
    telling.stands('away', why);
    await clock.advance(6_000);
  }
  telling.stands('connected', 'as alpha');
  await clock.advance(20_000);
  telling.stands('denied', 'the token was revoked');
  telling.stands('denied', 'the token was revoked');
  await clock.advance(60_000);
  assert.deepEqual(lines, [
    'cannot reach the hub wss://hub for 10s: nothing listens there; records wait here',
    'ships again the time line to wss://hub as alpha',
    'cannot ship the time line to wss://hub: the token was revoked; it is tried again each minute',
  ]);
  telling.close();
  assert.equal(clock.nextTimer(), undefined);
});
