import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { createIntake, type Intake } from '../../src/pipeline/engine/intake.ts';
import { createRouter } from '../../src/pipeline/engine/routing.ts';
import { type Folders, realFolders } from '../../src/pipeline/inbox/folders.ts';
import { createInbox, type Inbox } from '../../src/pipeline/inbox/inbox.ts';
import type { Ledger } from '../../src/pipeline/ledger/ledger.ts';
import { openLedger } from '../../src/pipeline/ledger/sqlite.ts';
import type { InboxFile, Task } from '../../src/pipeline/ledger/types.ts';
import { onEnd, tempFolder, testStateId } from './leaks.ts';
import { planOf } from './pipeline.ts';
import { until, within } from './wait.ts';

/** One inbox over a true folder and a true ledger; the one step that takes its files is never run: its tasks are what came through. */
export interface InboxRig {
  readonly root: string;
  readonly ledger: Ledger;
  /** What was said, a line each. */
  readonly said: string[];
  /** Puts a file into the inbox as most programs do: under another name first. */
  deliver(name: string, content?: string): void;
  /** Makes a file, or adds to it, in place. */
  write(name: string, content: string): void;
  start(options?: InboxStart): RunningInboxRig;
  file(name: string): Promise<InboxFile | undefined>;
  /** `settling`, `waiting delay`, `ready`, … */
  state(name: string): Promise<string | undefined>;
  /** Waits for a state. */
  until(name: string, state: string): Promise<void>;
  /** The paths that tasks were made of, in the order in which they would be run; members of one task joined by `+`. */
  tasks(): Promise<readonly string[]>;
}

export interface InboxStart {
  readonly clock?: Clock;
  readonly folders?: Partial<Folders>;
  readonly around?: (intake: Intake) => Intake;
}

export interface RunningInboxRig {
  readonly inbox: Inbox;
  readonly ended: Promise<void>;
  /** Waits until nothing is asked of the disk, and the kernel has told all. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** @param config keys of the inbox. */
export function inboxRig(t: TestContext, config: Readonly<Record<string, unknown>> = {}): InboxRig {
  const folder = tempFolder(t);
  const root = join(folder, 'incoming');
  mkdirSync(root);
  const written = { root: 'incoming', match: '**/*.in', settle: '20ms', scan: '1h', ...config };
  // No step can take from a reference inbox.
  const plan = planOf(
    folder,
    config['reference'] === true
      ? {
          inboxes: { inbox: written, other: { root: 'other' } },
          steps: { S: { from: 'other', run: ['true'] } },
        }
      : { inbox: written, steps: { S: { from: 'inbox', run: ['true'] } } },
  );
  const [inboxPlan] = plan.inboxes;
  if (inboxPlan === undefined) throw new Error('there is no inbox');
  const opened = openLedger(join(folder, 'state'), 'p');
  if (!opened.ok) throw opened.error;
  const ledger = opened.value;
  onEnd(t, () => ledger.close());
  const said: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (message) => void said.push(message),
    warn: (message) => void said.push(message),
    error: (message) => void said.push(message),
  };
  const stateOf = async (name: string): Promise<string | undefined> => {
    const file = await ledger.inboxFile('inbox', name);
    return file === undefined ? undefined : [file.state, file.why].filter((word) => word !== null).join(' ');
  };
  return {
    root,
    ledger,
    said,
    deliver(name, content = name) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.tmp`, content);
      renameSync(`${path}.tmp`, path);
    },
    write: (name, content) => appendFileSync(join(root, name), content),
    file: (name) => ledger.inboxFile('inbox', name),
    state: stateOf,
    until: async (name, state) => {
      let last: string | undefined;
      await until(async () => (last = await stateOf(name)) === state, {
        what: `${name} to be ${state}`,
        deadlineMs: 5000,
      }).catch((thrown: unknown) => {
        throw new Error(`${String(thrown)}: it is ${last}`);
      });
    },
    async tasks() {
      const tasks = await ledger.tasks({ limit: 200_000 });
      const inOrder = tasks.toSorted((a, b) => a.order - b.order || a.id - b.id);
      return Promise.all(inOrder.map((task) => inputsOf(ledger, task)));
    },
    start({ clock = systemClock, folders = {}, around = (intake: Intake) => intake } = {}) {
      const counted = countedFolders({ ...realFolders, ...folders });
      const router = createRouter(plan);
      const intake = createIntake({ inboxes: plan.inboxes, ledger, router, clock, wake: () => {} });
      const inbox = createInbox({
        plan: inboxPlan,
        intake: around(intake),
        env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
        cwd: folder,
        life: `${testStateId}/p/inbox`,
        folders: counted.folders,
      });
      const drain = new AbortController();
      const ended = inbox.run({ drain: drain.signal, stop: drain.signal, ready: () => {}, clock, log });
      ended.catch(() => {});
      onEnd(t, async () => {
        drain.abort();
        await ended.catch(() => {});
      });
      return {
        inbox,
        ended,
        quiet: counted.quiet,
        async stop() {
          drain.abort();
          await within(ended, { what: 'the inbox to end' });
        },
      };
    },
  };
}

async function inputsOf(ledger: Ledger, { id }: Task): Promise<string> {
  return (await ledger.inputsOf(id)).map(({ path }) => path).join('+');
}

async function* countEach<T>(
  all: AsyncIterable<T>,
  count: <A>(promise: Promise<A>) => Promise<A>,
): AsyncGenerator<T, void> {
  const each = all[Symbol.asyncIterator]();
  try {
    for (let next = await count(each.next()); next.done !== true; next = await count(each.next()))
      yield next.value;
  } finally {
    await each.return?.();
  }
}

/** Turns of the loop in which nothing may happen. */
const QUIET_TURNS = 20;

function countedFolders(folders: Folders) {
  let asked = 0;
  let open = 0;
  const count = async <T>(promise: Promise<T>): Promise<T> => {
    asked++;
    open++;
    try {
      return await promise;
    } finally {
      open--;
    }
  };
  return {
    folders: {
      ...folders,
      look: (path: string) => count(folders.look(path)),
      open: async (path: string) => countEach(await count(folders.open(path)), count),
      realpath: (path: string) => count(folders.realpath(path)),
    },
    async quiet(): Promise<void> {
      for (let quiet = 0, before = asked; quiet < QUIET_TURNS; quiet++, before = asked) {
        await turn();
        if (open > 0 || asked !== before) quiet = -1;
      }
    },
  };
}
