import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedEvent, plainTold } from './installed-lives.ts';
import type { Told } from './unit-told.ts';

const told = (more: Partial<Told>): Told => ({
  time: 1,
  life: 'L',
  kind: 'exit',
  level: 17,
  message: 'exited with code 3 after 1s',
  ...more,
});
const exited = (status: number) => ({ exit: { kind: 'exited', status }, livedMs: 1000, asked: false });

test('a command that could not be started says so in its own words', () => {
  const end = told({ message: 'cannot be started: … (203/EXEC)', fields: exited(203) });
  const tail = ['hello', 'cannot start "clock": no such program'];
  assert.equal(plainTold([end], () => tail)[0]?.message, 'cannot start "clock": no such program');
  assert.equal(plainTold([end], () => ['hello'])[0]?.message, end.message, 'systemd could not start us');
  const other = told({ fields: exited(3) });
  assert.equal(plainTold([other], () => tail)[0]?.message, other.message);
});

test('that systemd has given up is not told, since we have not; that there is no unit is, with what to do', () => {
  const flip = (trouble: string, message: string): Told =>
    told({ kind: 'flip', message, fields: { subject: 'state', to: 'failed', trouble } });
  const failed = flip('failed', 'failed (exit-code): systemd does not start it again');
  const well = told({
    kind: 'flip',
    message: 'no longer failed',
    fields: { subject: 'state', from: 'failed' },
  });
  const missing = flip('not-found', 'missing: there is no unit vahti-web.service');
  assert.deepEqual(
    plainTold([failed, well, missing], () => []).map(({ message }) => message),
    ['there is no unit vahti-web.service: run vahti install'],
  );
});

test('the end of a life is read from its record', () => {
  assert.deepEqual(endedEvent(told({ fields: exited(78) })), {
    exit: { kind: 'exited', code: 78 },
    livedMs: 1000,
    asked: false,
  });
  const killed = told({ fields: { exit: { kind: 'killed', status: 9 }, asked: true } });
  assert.deepEqual(endedEvent(killed), {
    exit: { kind: 'signalled', signal: 'SIGKILL' },
    livedMs: 0,
    asked: true,
  });
  assert.equal(endedEvent(told({ fields: {} })).exit.kind, 'failed', 'nobody knows how');
});
