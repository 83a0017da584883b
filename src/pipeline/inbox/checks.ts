import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { asError, errorCode } from '../../core/result.ts';
import { fileValues } from '../engine/routing.ts';
import type { InboxPlan } from '../plan.ts';
import { runChild } from '../steps/child.ts';
import { fill } from '../../core/template.ts';
import { patiently } from './patience.ts';

/** What takes longer than a look: checksums, and commands that say whether a file may go on. */
export interface Checks {
  /** The SHA-256 of a file's content; undefined where it could not be read. */
  checksum(path: string): Promise<string | undefined>;
  /** Whether a file may go on. One command that does not name the file answers for all that ask meanwhile. */
  gate(path: string): Promise<boolean>;
  /** How many are on their way. */
  readonly running: number;
  /** Resolves when no command runs. */
  ended(): Promise<void>;
}

export interface CheckOptions {
  readonly plan: Pick<InboxPlan, 'root' | 'gate'>;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly life: string;
  readonly clock: Clock;
  /** Aborted: no answer is wanted any more, and commands are ended. */
  readonly signal: AbortSignal;
  /** Whether the files are on a filesystem of the network. */
  readonly isRemote: () => boolean;
  /** Why there is no answer: a whole sentence. */
  readonly trouble: (message: string) => void;
}

/** At a time, of one inbox; of reads each takes a thread of Node's four as long as it hangs. */
const AT_ONCE = 4;
const REMOTE_AT_ONCE = 1;
/** A command that is told to end has so long. */
const STOP_MS = 5000;
/** Of a read that gives nothing. */
const READ_MS = 30_000;

export function createChecks(options: CheckOptions): Checks {
  const { plan, signal } = options;
  const slots = createSlots(() => AT_ONCE);
  const reads = createSlots(() => (options.isRemote() ? REMOTE_AT_ONCE : AT_ONCE));
  const asked = new Map<string, Promise<boolean>>();
  let running = 0;
  const counted = async <T>(to: Slots, work: Work<T>, instead: T): Promise<T> => {
    running++;
    try {
      return await to((hold) => (signal.aborted ? Promise.resolve(instead) : work(hold)), instead);
    } finally {
      running--;
    }
  };
  return {
    get running() {
      return running;
    },
    async ended() {
      await Promise.allSettled(asked.values());
    },
    checksum: (path) => counted(reads, (hold) => checksum(join(plan.root, path), hold, options), undefined),
    gate(path) {
      const argv = gateWords(plan, path);
      const key = JSON.stringify(argv);
      const known = asked.get(key);
      if (known !== undefined) return known;
      const answer = counted(slots, () => askGate(argv, options), false).finally(() => asked.delete(key));
      asked.set(key, answer);
      return answer;
    },
  };
}

function gateWords({ root, gate }: CheckOptions['plan'], path: string): readonly string[] {
  const values = { ...fileValues(path), in: join(root, path) };
  return (gate?.run ?? []).map((word) => {
    const text = fill(word, values);
    if (!text.ok) throw new Error(`cannot write ${word}: ${text.error}`);
    return text.value;
  });
}

async function askGate(
  argv: readonly string[],
  { plan, env, cwd, life, clock, signal, trouble }: CheckOptions,
): Promise<boolean> {
  let printed = '';
  const end = await runChild({
    argv,
    env,
    cwd,
    life,
    clock,
    signal,
    timeoutMs: plan.gate?.timeout ?? 0,
    stopMs: STOP_MS,
    log: {
      take: (chunk) => void (printed = `${printed}${chunk.toString('utf8')}`.slice(-1000)),
      tail: () => printed.trim(),
      close: () => false,
    },
  });
  const [command] = argv;
  if (end.kind === 'exit') {
    if (end.exit.kind === 'failed') trouble(`cannot ask the gate ${command}: ${end.exit.error}`);
    return end.exit.kind === 'exited' && end.exit.code === 0;
  }
  if (end.kind === 'stuck')
    trouble(`cannot end the gate ${command}: KILL did not end ${end.pids.join(', ')}`);
  else if (!end.stopped) trouble(`the gate ${command} gave no answer: ${end.why}`);
  return false;
}

async function checksum(
  path: string,
  hold: (until: Promise<unknown>) => void,
  { clock, signal, trouble }: CheckOptions,
): Promise<string | undefined> {
  const patience = { clock, quietMs: READ_MS, hurry: signal, hurryMs: 0 };
  const read = await patiently(patience, async (heard, left) => {
    const hash = createHash('sha256');
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
        if (left.aborted) return undefined;
        heard();
        hash.update(chunk as Buffer);
      }
      return hash.digest('hex');
    } catch (thrown) {
      if (errorCode(thrown) !== 'ENOENT') trouble(`cannot read ${path}: ${asError(thrown).message}`);
      return undefined;
    }
  });
  if (read.kind === 'done') return read.value;
  // It ends by itself when the disk answers. Nobody waits for it, but it has its thread until then.
  hold(read.ended);
  if (!signal.aborted) trouble(`cannot read ${path}: nothing came for ${READ_MS / 1000} s`);
  return undefined;
}

/** Work for a slot, which it can hold for longer than it takes to answer: until a promise is settled. */
type Work<T> = (hold: (until: Promise<unknown>) => void) => Promise<T>;

/** Has work done in its turn; where all slots are held, nothing has one soon, and all that wait are answered with `instead`. */
type Slots = <T>(work: Work<T>, instead: T) => Promise<T>;

/** Lets so many run at a time; others wait for their turn. */
function createSlots(most: () => number): Slots {
  let busy = 0;
  let held = 0;
  const waiting: ((hasTurn: boolean) => void)[] = [];
  const free = (): void => {
    busy--;
    while (busy < most() && waiting.length > 0) {
      busy++;
      waiting.shift()?.(true);
    }
  };
  return async (work, instead) => {
    if (held >= most()) return instead;
    if (busy < most()) busy++;
    else if (!(await new Promise<boolean>((resolve) => waiting.push(resolve)))) return instead;
    let isHeld = false;
    const release = (): void => {
      held--;
      free();
    };
    try {
      return await work((until) => {
        isHeld = true;
        held++;
        until.then(release, release);
        if (held >= most()) for (const answer of waiting.splice(0)) answer(false);
      });
    } finally {
      if (!isHeld) free();
    }
  };
}
