import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts } from '../../../test/rig/unit-history.ts';
import { LEVELS } from '../../core/record.ts';
import { describeEnd, type RunEnd } from './unit-end.ts';

const PLAIN: RunEnd = {
  result: 'success',
  exit: null,
  beside: null,
  livedMs: 3000,
  asked: false,
  wasActive: true,
  outOfMemory: false,
  words: [],
  policy: undefined,
};

const exited = (status: number) => ({ kind: 'exited', status }) as const;
const killed = (status: number) => ({ kind: 'killed', status }) as const;
const policy = { ...facts().policy, watchdogMs: 500, memoryBytes: 20_971_520 };
const { info, warn, error } = LEVELS;

test('how a run ended is named, whatever systemd calls it', () => {
  const table: readonly (readonly [Partial<RunEnd>, string, number])[] = [
    [{ exit: exited(0) }, 'exited with code 0 after 3s', warn],
    [{ asked: true }, 'ended after 3s, as asked', info],
    [{ asked: true, exit: killed(15) }, 'ended by SIGTERM after 3s, as asked', info],
    [{ result: 'exit-code', exit: exited(3) }, 'exited with code 3 after 3s', error],
    [{ result: 'exit-code', exit: exited(3), livedMs: null }, 'exited with code 3', error],
    [
      { result: 'exit-code', exit: exited(203) },
      'cannot be started: its program is not there or cannot be executed (203/EXEC)',
      error,
    ],
    [
      { result: 'exit-code', exit: exited(217) },
      'cannot be started: its user does not exist or cannot be taken (217/USER)',
      error,
    ],
    [
      { result: 'exit-code', beside: 'ExecStartPre exited with code 1' },
      'ExecStartPre exited with code 1',
      error,
    ],
    [{ result: 'signal', exit: killed(11) }, 'ended by SIGSEGV after 3s', error],
    [{ result: 'signal', exit: killed(99) }, 'ended by signal 99 after 3s', error],
    [
      { result: 'signal', exit: killed(9), policy },
      'ended by SIGKILL after 3s, perhaps for its memory (MemoryMax 20M)',
      error,
    ],
    [{ result: 'signal', exit: killed(9) }, 'ended by SIGKILL after 3s', error],
    [
      { result: 'core-dump', exit: { kind: 'dumped', status: 6 } },
      'ended by SIGABRT after 3s, core dumped',
      error,
    ],
    [
      { result: 'success', exit: killed(6), policy },
      "ended by SIGABRT after 3s, perhaps by systemd's watchdog (WatchdogSec)",
      warn,
    ],
    [
      { result: 'watchdog', exit: killed(6), policy },
      "killed by systemd's watchdog after 3s: no sign of life within 500ms (WatchdogSec)",
      error,
    ],
    [
      { result: 'oom-kill', exit: killed(9), policy },
      'killed for its memory after 3s (MemoryMax 20M)',
      error,
    ],
    [{ outOfMemory: true }, 'killed for its memory after 3s', error],
    [
      { result: 'timeout', exit: killed(9), asked: true },
      'killed by systemd after 3s: it did not stop in time (TimeoutStopSec)',
      warn,
    ],
    [
      { result: 'timeout', exit: killed(15), wasActive: false },
      'ended by systemd after 3s: it was not up in time (TimeoutStartSec)',
      error,
    ],
    [
      { result: 'timeout', words: ['x.service: Service reached runtime time limit. Stopping.'] },
      'ended by systemd after 3s: it had run as long as it may (RuntimeMaxSec)',
      error,
    ],
    [
      { result: 'start-limit-hit' },
      'not started: it was started too often in too short a time (start-limit-hit)',
      error,
    ],
    [{ result: 'resources' }, 'not started: systemd could not set up what it needs (resources)', error],
    [{ result: 'toString' }, 'ended after 3s: systemd calls it toString', error],
  ];
  for (const [part, message, level] of table)
    assert.deepEqual(describeEnd({ ...PLAIN, ...part }), { message, level }, message);
});
