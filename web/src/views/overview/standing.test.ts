import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobItem, serviceItem } from './items.ts';
import { madeJob, madeService } from './made-up.ts';
import { standingOf } from './standing.ts';

test('a service: its state, how long its life lasts, its lane where it is not the fast one', () => {
  const runs = standingOf(serviceItem(madeService({ startedAt: 5, stateSince: 9 })));
  assert.deepEqual([runs.state, runs.lane, runs.at], ['running', '', 5]);
  assert.equal(standingOf(serviceItem(madeService({ ready: false }))).state, 'not ready');
  const waits = standingOf(
    serviceItem(madeService({ state: 'waiting', lane: 'slow', startedAt: 5, stateSince: 9 })),
  );
  assert.deepEqual([waits.state, waits.lane, waits.at], ['waiting', 'slow lane', 9]);
});

test('a job: how far it is, that it is paused, or how its last run went', () => {
  const last = {
    run: 'r1',
    attempt: 1,
    started: 3,
    ended: 7,
    outcome: 'ok',
    summary: '',
    cause: '',
    dryRun: false,
  };
  const run = { run: 'r2', attempt: 1, startedAt: 8, cause: '', dryRun: false };
  assert.equal(
    standingOf(jobItem(madeJob({ run, progress: { done: 1, total: 4, what: 'files' } }))).state,
    'running, 25 %',
  );
  assert.equal(
    standingOf(jobItem(madeJob({ run, progress: { done: 3, total: 0, what: 'files' } }))).state,
    'running, 3',
  );
  assert.equal(standingOf(jobItem(madeJob({ last, pause: { who: 'a', why: '', at: 9 } }))).state, 'paused');
  assert.deepEqual(standingOf(jobItem(madeJob({ last }))), {
    state: 'last run ok',
    lane: '',
    word: '',
    at: 7,
    behind: ' ago',
  });
  assert.equal(
    standingOf(jobItem(madeJob({ last: { ...last, outcome: 'failed' } }))).state,
    'last run failed',
  );
  assert.equal(standingOf(jobItem(madeJob({}))).state, 'not run yet');
});
