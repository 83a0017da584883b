import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { lookupUser, type User } from '../../src/core/processes.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import type { PersistedService, Runner, StateName } from '../../src/core/runner.ts';
import type { LaneSettings } from '../../src/run/lanes.ts';
import { createRig, type Rig } from './child.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { leakCheck, tempFolder } from './leaks.ts';
import { crashLoop, healthy, slow } from './runner-lanes.ts';
import { followed, races, staysStopped } from './runner-races.ts';
import { endOfDaemon, saysDone, stopEndsTree, stopHolds, treeBeforeNext } from './runner-stops.ts';
import { until } from './wait.ts';

/** What any runner must do, whatever it runs services with: real processes, the same questions. */

export interface Order {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: User;
  readonly stopMs?: number;
  readonly restart?: Partial<LaneSettings>;
}

export interface UnderTest {
  readonly runner: Runner;
  /** All records so far. */
  readonly drafts: readonly RecordDraft[];
  /** What was written down last. */
  persisted(): PersistedService | undefined;
  /** The captured output. */
  logText(): string;
}

export interface Subject {
  /** Its waits are on the clock that it is given; otherwise they are real, and what takes hours is left out. */
  readonly fakeClock: boolean;
  /** A life goes on while its runner is dead, and is the next one's; otherwise the next one ends it first. */
  readonly adopts: boolean;
  /** What happens is known, and told, in the same turn; otherwise soon. */
  readonly atOnce: boolean;
  /** Its captured log tells stdout from stderr. */
  readonly tellsOutputs: boolean;
  /** How the end of a life is told that had to be killed at the stop deadline. */
  readonly killedAtDeadline: RegExp;
  /** A runner for a service `svc`; it is disposed of at the end of the test. */
  make(
    t: TestContext,
    order: Order,
    how?: { readonly clock?: FakeClock; readonly restored?: PersistedService },
  ): Promise<UnderTest>;
  /** Starts one in a process of its own. `kill` ends that by SIGKILL and answers with what was written down. */
  makeToKill(t: TestContext, order: Order): { kill(): Promise<PersistedService> };
  /** What a daemon does about the lives of a killed one before it makes the next runner. */
  recover(state: PersistedService): Promise<void>;
}

/** A subject with what every test needs of it. */
export interface Bench extends UnderTest {
  readonly rig: Rig;
  readonly clock: FakeClock | undefined;
  /** Lets time pass, or waits. */
  pass(ms: number): Promise<void>;
  reaches(state: StateName): Promise<unknown>;
  messages(kind: string): string[];
  /** That something is so: now, or soon where the runner cannot know at once. */
  sees(what: string, read: () => unknown, expected: unknown): Promise<void>;
}

export function conformance(name: string, subject: Subject): void {
  const check = (what: string, body: (t: TestContext) => Promise<void>): void => {
    // oxlint-disable-next-line jest/valid-title -- the same questions to several
    void test(`${name}: ${what}`, body);
  };
  const bench = (t: TestContext, order: Partial<Order> = {}, timed = false): Promise<Bench> =>
    setUp(t, subject, order, timed);
  check('a start gives a process that carries its life', (t) => givesALife(t, bench));
  check('a service has its folder, its variables and its user', (t) => givesSurroundings(t, bench));
  check('an exit is told with code, last words and life, and followed by another life', (t) =>
    fell(t, bench, subject),
  );
  check('a death by signal, and a start that failed, are told in words', (t) =>
    toldInWords(t, bench, subject),
  );
  check('a healthy life is followed at once, another one is paced', (t) => healthy(t, bench));
  // The next one goes through it, too; in real time once is enough.
  if (subject.fakeClock)
    check('a crash loop has 12 starts in 10 minutes, and a message for each change of lane', (t) =>
      crashLoop(t, bench),
    );
  check('the slow lane is for ever, and a person’s start is at once and forgets it', (t) => slow(t, bench));
  check('an exit code may mean: no restart, until a person starts it', (t) => saysDone(t, bench));
  check('a stop on purpose holds until a person starts it', (t) => stopHolds(t, bench));
  check('a stop ends the whole tree by its deadline', (t) => stopEndsTree(t, bench, subject));
  check('what is left of a tree is ended before the next life', (t) => treeBeforeNext(t, bench));
  check('the end of the daemon leaves a life wanted, and ends it where nobody else keeps it', (t) =>
    endOfDaemon(t, bench, subject),
  );
  check('starts, stops, restarts and deaths in any order never make two lives', (t) => races(t, subject));
  check('a runner that was killed is followed by one with the same state, and one life', (t) =>
    followed(t, subject),
  );
  check('what a person stopped stays stopped behind a runner that was killed', (t) =>
    staysStopped(t, subject),
  );
}

export type MakeBench = (t: TestContext, order?: Partial<Order>, timed?: boolean) => Promise<Bench>;

/** @param timed on a clock of its own, where the runner can have one. */
async function setUp(
  t: TestContext,
  subject: Subject,
  order: Partial<Order>,
  timed: boolean,
): Promise<Bench> {
  leakCheck(t);
  const rig = await createRig(t);
  const clock = timed && subject.fakeClock ? createFakeClock() : undefined;
  const how = clock === undefined ? {} : { clock };
  const made = await subject.make(t, { argv: rig.argv, env: rig.env, ...order }, how);
  return {
    ...made,
    rig,
    clock,
    async pass(ms) {
      if (clock !== undefined) return clock.advance(ms);
      const end = performance.now() + ms;
      await until(() => performance.now() >= end, { what: `${ms} ms to pass`, deadlineMs: ms + 5_000 });
    },
    async reaches(state) {
      const there = (): boolean => made.runner.snapshot().state === state;
      await until(there, { what: `the service to be ${state}`, deadlineMs: 20_000 }).catch(
        (cause: unknown) => {
          throw new Error(`it is ${JSON.stringify(made.runner.snapshot())}`, { cause });
        },
      );
    },
    messages: (kind) =>
      made.drafts
        .filter((draft) => draft.kind === kind && draft.sender !== 'systemd')
        .map(({ message }) => message),
    async sees(what, read, expected) {
      if (!subject.atOnce) await until(() => isDeepStrictEqual(read(), expected), { what }).catch(() => {});
      assert.deepEqual(read(), expected, what);
    },
  };
}

async function givesALife(t: TestContext, bench: MakeBench): Promise<void> {
  const { runner, rig, messages, sees } = await bench(t);
  assert.equal(runner.snapshot().state, 'stopped', 'nothing runs before it is asked to');
  runner.start('person');
  const child = await rig.nextChild();
  const shown = (): unknown => {
    const { state, pid, wanted } = runner.snapshot();
    return [state, pid, wanted];
  };
  await sees('the life', shown, ['running', child.pid, true]);
  const { life, pid } = runner.snapshot();
  assert.deepEqual([child.service, child.life.split('/').slice(1)], ['svc', ['svc', life]]);
  assert.deepEqual(messages('start'), [`started, life ${life}, pid ${pid}`]);
}

async function givesSurroundings(t: TestContext, bench: MakeBench): Promise<void> {
  const root = process.getuid?.() === 0;
  const user = root ? await lookupUser('nobody') : undefined;
  const cwd = tempFolder(t);
  // Not the rig's child: another user may not be able to read where it lies.
  const argv = ['sh', '-c', 'echo "$(id -u) $(id -g) $(pwd -P) $COLOUR"; exec sleep 1000'];
  const order = { argv, env: { PATH: process.env['PATH'] ?? '', COLOUR: 'äö $x' }, cwd };
  const { runner, messages } = await bench(t, user === undefined ? order : { ...order, user });
  runner.start('person');
  const said = await until(() => messages('log')[0], { what: 'a word of the life' });
  const { uid, gid } = user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  assert.equal(said, `${uid} ${gid} ${cwd} äö $x`);
}

async function fell(t: TestContext, bench: MakeBench, { tellsOutputs }: Subject): Promise<void> {
  const { runner, rig, drafts, messages, logText, sees } = await bench(t);
  runner.start('person');
  const first = await rig.nextChild();
  await first.print('stdout', 'hello\n');
  await first.print('stderr', 'ERROR the last words\n');
  first.exit(3);
  const second = await rig.nextChild();
  assert.notEqual(second.life, first.life);
  const life = first.life.split('/')[2];
  await sees('both starts', () => messages('start').length, 2);
  const [exit] = drafts.filter(({ kind }) => kind === 'exit');
  assert.match(exit?.message ?? '', /^exited with code 3 after /);
  assert.equal(exit?.life, life);
  const tail = exit?.fields?.['tail'] as readonly string[] | undefined;
  assert.deepEqual(tail?.toSorted(), ['ERROR the last words', 'hello']);
  const said = drafts
    .filter(({ kind, sender }) => kind === 'log' && sender !== 'systemd')
    .map((draft) => [draft.life, draft.message]);
  assert.equal(said.length, 2);
  for (const line of ['ERROR the last words', 'hello'])
    assert.ok(said.some((each) => each[0] === life && each[1] === line));
  const wanted = tellsOutputs ? [/stdout hello\n/, /stderr ERROR the last/] : [/ hello\n/, / ERROR the last/];
  await until(() => wanted.every((each) => each.test(logText())), { what: 'the captured log' });
}

async function toldInWords(t: TestContext, bench: MakeBench, { adopts }: Subject): Promise<void> {
  const { runner, rig, messages } = await bench(t);
  runner.start('person');
  (await rig.nextChild()).signal('SIGKILL');
  await rig.nextChild();
  assert.match(messages('exit')[0] ?? '', /^ended by SIGKILL after /);
  const absent = await bench(t, { argv: ['no-such-program'] });
  absent.runner.start('person');
  await absent.reaches('waiting');
  await absent.sees(
    'why it did not start',
    () => absent.messages('exit')[0],
    'cannot start "no-such-program": no such program',
  );
  // Where somebody else starts it, that is found out in a life of its own.
  if (!adopts) assert.deepEqual(absent.messages('start'), []);
}
