import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts, follow, running, SINCE } from '../../../test/rig/unit-history.ts';
import type { UnitFacts } from '../../core/units.ts';
import { freshCourse } from './unit-course.ts';

const EXITED = { kind: 'exited', command: 'ExecStart', exit: 'exited', status: 3 } as const;
const failed = (life: string, part: Partial<UnitFacts> = {}): UnitFacts =>
  facts({
    active: 'failed',
    sub: 'failed',
    result: 'exit-code',
    invocation: life,
    startedAt: SINCE,
    ...part,
  });

test('a unit that runs and fails: its start, its end, that nobody starts it again, and that somebody did', () => {
  const unit = follow();
  unit.see(running('L1'));
  assert.deepEqual([unit.state(), unit.course.present], ['running', 'L1']);
  unit.hear('L1', EXITED, SINCE + 2000);
  unit.hear('L1', { kind: 'over', result: 'exit-code' }, SINCE + 2001);
  unit.see(failed('L1'), SINCE + 2040);
  assert.equal(unit.state(), 'failed');
  unit.see(failed('L1'), SINCE + 9000);
  unit.see(running('L2', 8, SINCE + 10_000), SINCE + 10_000);
  assert.deepEqual(unit.lines(), [
    'start: started, life L1, pid 7',
    'exit: exited with code 3 after 2s',
    'flip: failed (exit-code): systemd does not start it again',
    'start: started, life L2, pid 8',
    'flip: no longer failed',
  ]);
  assert.deepEqual(
    unit.told.filter(({ kind }) => kind === 'flip').map(({ fields }) => [fields?.['to'], fields?.['from']]),
    [
      ['failed', undefined],
      [undefined, 'failed'],
    ],
  );
});

test('a stop on purpose is told from a failure, whoever asked for it', () => {
  const stopped = (own: boolean): string[] => {
    const unit = follow();
    unit.see(running('L1'));
    if (own) unit.take({ kind: 'asked', job: 'stop', byPerson: true });
    unit.hear('L1', { kind: 'stopping' }, SINCE + 1000, own);
    unit.hear('L1', { kind: 'over', result: 'success' }, SINCE + 1001, own);
    unit.hear('L1', { kind: 'stopped', job: 'stop' }, SINCE + 1002, own);
    unit.see(facts(), SINCE + 1040);
    assert.deepEqual([unit.state(), unit.course.wanted, unit.course.lastExit?.level], ['stopped', false, 9]);
    return unit.lines().slice(1);
  };
  assert.deepEqual(stopped(true), ['exit: ended after 1s, as asked']);
  assert.deepEqual(stopped(false), [
    'action: stop through systemd, not by vahti',
    'exit: ended after 1s, as asked',
  ]);
});

test('a restart by others is told; one by systemd itself is none', () => {
  const restarted = (asked: boolean): string[] => {
    const unit = follow();
    unit.see(running('L1'));
    if (asked) unit.hear('L1', { kind: 'stopping' }, SINCE + 1000);
    else unit.hear('L1', EXITED, SINCE + 1000);
    unit.hear('L1', { kind: 'over', result: asked ? 'success' : 'exit-code' }, SINCE + 1000);
    if (!asked) {
      unit.see(facts({ active: 'activating', sub: 'auto-restart', invocation: 'L1' }), SINCE + 1010);
      assert.deepEqual([unit.state(), unit.course.present], ['waiting', null]);
    }
    unit.hear('L1', { kind: 'stopped', job: 'restart' }, SINCE + 1100);
    unit.hear('L2', { kind: 'started' }, SINCE + 1200);
    unit.see(running('L2', 8, SINCE + 1200), SINCE + 1240);
    assert.equal(unit.course.wanted, true);
    return unit.lines().slice(1);
  };
  assert.deepEqual(restarted(true), [
    'action: restart through systemd, not by vahti',
    'exit: ended after 1s, as asked',
    'start: started, life L2, pid 8',
  ]);
  assert.deepEqual(restarted(false), ['exit: exited with code 3 after 1s', 'start: started, life L2, pid 8']);
});

test('lives that no look saw are told by the journal, and that systemd gives up', () => {
  const unit = follow();
  unit.see(facts());
  for (const [index, life] of ['L1', 'L2', 'L3'].entries()) {
    unit.hear(life, { kind: 'started' }, SINCE + index * 100);
    unit.hear(life, EXITED, SINCE + index * 100 + 10);
    unit.hear(life, { kind: 'over', result: 'exit-code' }, SINCE + index * 100 + 10);
  }
  unit.hear('L3', { kind: 'start-limit' }, SINCE + 250);
  unit.see(failed('L3'), SINCE + 300);
  assert.deepEqual(unit.lines(), [
    ...['L1', 'L2', 'L3'].flatMap((life) => [
      `start: started, life ${life}`,
      'exit: exited with code 3 after 10ms',
    ]),
    'flip: failed (start-limit-hit): systemd does not start it again, it has used up its start limit, 5 starts within 10s',
  ]);
});

test('a restart that somebody asked for, and systemd gives up on', () => {
  const unit = follow();
  unit.see(running('L1'));
  unit.hear('L1', { kind: 'stopping' }, SINCE + 1000);
  unit.hear('L1', { kind: 'over', result: 'success' }, SINCE + 1000);
  unit.hear('L1', { kind: 'over', result: 'start-limit-hit' }, SINCE + 1001);
  unit.see(failed('L1', { result: 'start-limit-hit' }), SINCE + 1040);
  assert.deepEqual(unit.lines().slice(1), [
    'exit: ended after 1s, as asked',
    'flip: failed (start-limit-hit): systemd does not start it again, it has used up its start limit, 5 starts within 10s',
  ]);
});

test('a stop between the two halves of a restart, which leaves no word', () => {
  const unit = follow();
  unit.see(running('L1'));
  unit.hear('L1', { kind: 'stopping' }, SINCE + 1000);
  unit.hear('L1', { kind: 'over', result: 'success' }, SINCE + 1000);
  unit.hear('L1', { kind: 'stopped', job: 'restart' }, SINCE + 1001);
  unit.see(facts(), SINCE + 1040);
  assert.equal(unit.course.wanted, true, 'the start may be still to come');
  unit.see(facts(), SINCE + 4000);
  assert.deepEqual([unit.state(), unit.course.wanted], ['stopped', false]);
  assert.equal(unit.lines().at(-1), 'action: stop through systemd, not by vahti');
});

test('without the journal, looks tell of it all', () => {
  const unit = follow();
  unit.see(running('L1'), SINCE, 'deaf');
  unit.see(running('L2', 8, SINCE + 5000), SINCE + 5000, 'deaf');
  const exit = { kind: 'killed', status: 11, at: SINCE + 6000 } as const;
  const policy = { ...facts().policy, restart: 'always' };
  unit.see(failed('L2', { result: 'signal', exit, restarts: 5, policy }), SINCE + 6000, 'deaf');
  assert.deepEqual(unit.lines(), [
    'start: started, life L1, pid 7',
    'exit: ended after 5s',
    'start: started, life L2, pid 8',
    'exit: ended by SIGSEGV after 1s',
    'flip: failed (start-limit-hit): systemd does not start it again, it has used up its start limit, 5 starts within 10s',
  ]);
});

test('what was written while nobody followed is told with its own times', () => {
  const unit = follow(freshCourse(true, [{ id: 'L1', startedAt: SINCE * 1000, ended: false }], ''));
  unit.hear('L1', { kind: 'stopping' }, SINCE + 1000);
  unit.hear('L1', { kind: 'over', result: 'success' }, SINCE + 1000);
  unit.hear('L1', { kind: 'stopped', job: 'stop' }, SINCE + 1001);
  unit.see(facts(), SINCE + 71_000);
  assert.deepEqual(unit.lines(), [
    'action: stop through systemd, not by vahti',
    'exit: ended after 1s, as asked',
  ]);
  assert.equal(unit.told[1]?.time, (SINCE + 1000) * 1000);
});

test('what the time line has is not told again, and still known', () => {
  const unit = follow(freshCourse(true, [{ id: 'L1', startedAt: SINCE * 1000, ended: true }], 'failed L1'));
  const exit = { kind: 'exited', status: 3, at: SINCE + 2000 } as const;
  unit.see(failed('L1', { exit }), SINCE + 60_000);
  assert.deepEqual([unit.lines(), unit.state()], [[], 'failed']);
  assert.equal(unit.course.lastExit?.message, 'exited with code 3 after 2s');
});

test('a unit that is not there, or is masked', () => {
  const unit = follow();
  unit.see(facts({ load: 'not-found' }));
  assert.equal(unit.state(), 'failed');
  unit.see(facts({ load: 'masked' }));
  assert.equal(unit.state(), 'stopped');
  unit.see(facts({ load: 'bad-setting' }));
  assert.deepEqual(unit.lines(), [
    'flip: missing: there is no unit x.service',
    'flip: no longer not-found',
    'flip: cannot be used (bad-setting): systemctl status x.service says why',
  ]);
});

test('what was refused leaves everything as it was', () => {
  const unit = follow();
  unit.see(running('L1'));
  unit.take({ kind: 'asked', job: 'stop', byPerson: true });
  unit.see(running('L1'));
  assert.equal(unit.course.wanted, false, 'it still runs, but is not to');
  unit.take({ kind: 'refused', job: 'stop', wanted: true });
  unit.see(running('L1'));
  assert.equal(unit.course.wanted, true);
});
