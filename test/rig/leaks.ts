import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { LIFE_VARIABLE, processesWithEnv } from '../../src/core/processes.ts';
import { until } from './wait.ts';

/** What a test must do at its end, the last first; node:test runs its own `after` hooks the other way round. */
const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Calls `clean` at the end of the test, after everything that was set up later has been cleaned. */
export function onEnd(t: TestContext, clean: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(clean);
    return;
  }
  const all = [clean];
  cleanups.set(t, all);
  t.after(async () => {
    const errors: unknown[] = [];
    for (let last = all.pop(); last !== undefined; last = all.pop()) {
      try {
        await last();
      } catch (thrown) {
        errors.push(thrown);
      }
    }
    if (errors.length > 0)
      throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'cleaning up failed');
  });
}

/** A folder of the test's own, removed at its end. Anybody may enter it, for children that run as other users. */
export function tempFolder(t: TestContext): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'vahti-test-')));
  fs.chmodSync(folder, 0o755);
  onEnd(t, () => {
    fs.rmSync(folder, { recursive: true, force: true });
    assert.equal(fs.existsSync(folder), false, `the temporary folder ${folder} is left over`);
  });
  return folder;
}

/**
 * Call it first in a test: at its end nothing may be left of what it started: no child process, no process that carries a
 * life (or a rig's socket) which was not there before, no open handle. What is left is ended, and the test fails.
 */
export function leakCheck(t: TestContext): void {
  const before = new Set(marked().map(key));
  const children = new Set(childPids());
  const resources = countResources();
  onEnd(t, async () => {
    const leftovers = () => ({
      children: childPids().filter((pid) => !children.has(pid)),
      processes: marked().filter((match) => !before.has(key(match))),
      resources: moreThan(resources, countResources()),
    });
    try {
      await until(
        () => {
          const left = leftovers();
          return left.children.length === 0 && left.processes.length === 0 && left.resources.length === 0;
        },
        { deadlineMs: 2000, what: 'everything that the test started to be gone' },
      );
    } catch {
      const left = leftovers();
      for (const { pid } of left.processes) process.kill(pid, 'SIGKILL');
      for (const pid of left.children) process.kill(pid, 'SIGKILL');
      assert.fail(`the test leaves behind ${JSON.stringify(left)}`);
    }
  });
}

type Match = ReturnType<typeof processesWithEnv>[number];

/** This process may itself run inside of a service: what it carries does not count. Other tests' processes neither. */
function marked(): Match[] {
  const mine = path.join(fs.realpathSync(os.tmpdir()), 'vahti-test-');
  const found = [
    ...processesWithEnv('RIG_SOCKET', mine).filter((match) => rigSockets.has(match.value)),
    ...processesWithEnv(LIFE_VARIABLE, `${testStateId}/`),
    ...processesWithEnv(TEST_VARIABLE, `${testStateId}/`),
  ];
  return [...new Map(found.map((match) => [match.pid, match])).values()].filter(
    ({ pid }) => pid !== process.pid,
  );
}

/** What every `vahti` of a test has in its environment, and with it all that it starts, whatever its state folder. */
export const TEST_VARIABLE = 'RIG_TEST';

/** The sockets of this process's rigs. */
export const rigSockets = new Set<string>();

/** A state id of this test process alone: test files run side by side. */
export const testStateId = `test-${process.pid}`;

function key({ pid, startTicks }: Match): string {
  return `${pid}/${startTicks}`;
}

function childPids(): number[] {
  return fs
    .readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The kinds of which there are more now; the wait itself has one timer. */
function moreThan(before: Map<string, number>, now: Map<string, number>): string[] {
  const passing = new Set(['Immediate', 'Timeout', 'FSReqCallback', 'FSReqPromise']);
  return [...now]
    .filter(([name, count]) => !passing.has(name) && count > (before.get(name) ?? 0))
    .map(([name]) => name);
}
