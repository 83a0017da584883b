import { PassThrough } from 'node:stream';
import { type Clock, sleepOn, type Timer } from '../../src/core/clock.ts';
import type { Exit, TreeEnd } from '../../src/core/processes.ts';
import type { Leftover, RecordedProcess } from '../../src/core/runner.ts';
import type { CapturedLog } from '../../src/run/embedded/captured-log.ts';
import type { Life, LifeSpec } from '../../src/run/embedded/life.ts';
import type { FakeClock } from './fake-clock.ts';

/** Lives without processes, on a clock that stands still until it is turned, and daemons that are killed without a word. */

/** How a life goes. Milliseconds. */
export interface Fate {
  /** It cannot be started. */
  readonly failed?: boolean;
  readonly livesMs: number;
  readonly exit: Exit;
  /** A process of its tree lives on behind the main one. */
  readonly leaves?: boolean;
  /** From SIGTERM to its end. */
  readonly slowMs: number;
  /** So long after its main process is over, or its end was asked for, not even SIGKILL ends it. */
  readonly stuckMs: number;
  /** What it prints at once, in lines of 100 bytes. */
  readonly lines: number;
}

interface Simulated {
  readonly service: string;
  readonly life: string;
  readonly pid: number;
  readonly fate: Fate;
  mainLives: boolean;
  treeLives: boolean;
  /** Monotonic; until then SIGKILL does not help. */
  stuckUntil: number | undefined;
  killed: boolean;
  onTreeGone: (() => void)[];
  mainOver: (exit: Exit) => void;
}

/** What SIGKILL has not ended after this long is stuck: as endTree has it. */
const KILL_PATIENCE_MS = 5000;
const LINE = `${'x'.repeat(99)}\n`;

/** The clock of one daemon: with its daemon all its timers die. */
export class DaemonClock implements Clock {
  readonly #clock: FakeClock;
  readonly #armed = new Set<Timer>();
  #dead = false;
  readonly #death = Promise.withResolvers<void>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now = (): number => this.#clock.now();
  micros = (): number => this.#clock.micros();
  monotonic = (): number => this.#clock.monotonic();
  sleep = (ms: number, signal?: AbortSignal): Promise<boolean> => sleepOn(this, ms, signal);

  timer(ms: number, fn: () => void): Timer {
    if (this.#dead) return { cancel: () => {} };
    const inner = this.#clock.timer(ms, () => {
      this.#armed.delete(timer);
      fn();
    });
    const timer: Timer = {
      cancel: () => {
        this.#armed.delete(timer);
        inner.cancel();
      },
    };
    this.#armed.add(timer);
    return timer;
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#armed.size;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Resolves when it dies. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  die(): void {
    this.#dead = true;
    this.#death.resolve();
    for (const timer of this.#armed) timer.cancel();
  }
}

export interface WorldOptions {
  readonly clock: FakeClock;
  readonly fate: (service: string) => Fate;
  /** Called before a start; `living` are the lives of the service that have not ended. */
  readonly onStart: (service: string, living: readonly string[]) => void;
  /** Nothing of a life lives any more, or it could not be started. */
  readonly onGone: (service: string) => void;
}

export interface World {
  /** For `EmbeddedServiceDeps.startLife`. */
  startLifeFor(daemon: DaemonClock): (spec: LifeSpec, captured: CapturedLog, clock: Clock) => Life;
  /** The kernel's part of a daemon's death: its open files are closed. */
  close(daemon: DaemonClock): Promise<void>;
  /** What endSurvivors does, for all that lives. */
  endSurvivors(deadlineMs: number, recorded: readonly RecordedProcess[]): Promise<readonly Leftover[]>;
  /** The machine goes down: nothing lives any more. */
  powerOff(): void;
  living(): readonly { readonly service: string; readonly life: string; readonly stuck: boolean }[];
}

export function createWorld(options: WorldOptions): World {
  const { clock, fate, onStart, onGone } = options;
  const living = new Set<Simulated>();
  const logs = new Map<DaemonClock, Set<CapturedLog>>();
  let lastPid = 1000;

  const treeGone = (process: Simulated): void => {
    if (!process.treeLives) return;
    process.treeLives = false;
    living.delete(process);
    onGone(process.service);
    for (const told of process.onTreeGone.splice(0)) told();
  };
  const mainOver = (process: Simulated, exit: Exit): void => {
    if (!process.mainLives) return;
    process.mainLives = false;
    process.mainOver(exit);
    if (process.fate.stuckMs > 0) process.stuckUntil ??= clock.monotonic() + process.fate.stuckMs;
    else if (process.fate.leaves !== true) treeGone(process);
  };
  /** SIGTERM, at the deadline SIGKILL; both take effect whether or not anybody still waits for it. */
  const signal = (process: Simulated, deadlineMs: number): void => {
    if (process.fate.stuckMs > 0) process.stuckUntil ??= clock.monotonic() + process.fate.stuckMs;
    const stuckMs = (process.stuckUntil ?? 0) - clock.monotonic();
    const byTerm = process.fate.slowMs <= deadlineMs;
    const diesIn = Math.max(byTerm ? process.fate.slowMs : deadlineMs, stuckMs);
    clock.timer(diesIn, () => {
      process.killed ||= !byTerm || stuckMs > 0;
      mainOver(process, { kind: 'signalled', signal: process.killed ? 'SIGKILL' : 'SIGTERM' });
      treeGone(process);
    });
  };
  const end = async (process: Simulated, deadlineMs: number, waiting: Clock): Promise<TreeEnd> => {
    if (!process.treeLives) return { kind: 'gone', killed: false };
    const gone = new Promise<void>((resolve) => process.onTreeGone.push(resolve));
    signal(process, deadlineMs);
    const patience = new AbortController();
    const late = waiting.sleep(deadlineMs + KILL_PATIENCE_MS, patience.signal);
    await Promise.race([gone, late]);
    patience.abort();
    if (process.treeLives) return { kind: 'stuck', pids: [process.pid] };
    return { kind: 'gone', killed: process.killed };
  };

  const begin = (spec: LifeSpec, captured: CapturedLog, daemon: DaemonClock): Life => {
    const id = `L${String(++lastPid).padStart(8, '0')}`;
    const life = `${spec.stateId}/${spec.name}/${id}`;
    const begun = clock.monotonic();
    const over = Promise.withResolvers<Exit>();
    const pipes = { stdout: new PassThrough(), stderr: new PassThrough() };
    const capture = captured.attach(id, pipes);
    const closePipes = (): void => {
      pipes.stdout.end();
      pipes.stderr.end();
    };
    const exited = over.promise.then((exit) => ({
      exit,
      at: clock.micros(),
      livedMs: clock.monotonic() - begun,
    }));
    const common = {
      id,
      startedAt: clock.now(),
      exited,
      tail: () => capture.tail(),
      kill: () => {},
      memory: () => Promise.resolve(undefined),
      drain: () => capture.finish(1000),
    };
    onStart(
      spec.name,
      [...living].filter(({ service }) => service === spec.name).map((each) => each.life),
    );
    const how = fate(spec.name);
    if (how.failed === true) {
      closePipes();
      onGone(spec.name);
      over.resolve({ kind: 'failed', error: 'cannot start "sim": no such program' });
      const gone = { kind: 'gone', killed: false } as const;
      return { ...common, pid: undefined, recorded: null, end: () => exited.then(() => gone) };
    }
    const process: Simulated = {
      service: spec.name,
      life,
      pid: lastPid,
      fate: how,
      mainLives: true,
      treeLives: true,
      stuckUntil: undefined,
      killed: false,
      onTreeGone: [closePipes],
      // A daemon that is dead learns nothing.
      mainOver: (exit) => daemon.dead || over.resolve(exit),
    };
    living.add(process);
    if (how.lines > 0) pipes.stdout.write(LINE.repeat(how.lines));
    clock.timer(how.livesMs, () => mainOver(process, how.exit));
    const recorded = { pid: process.pid, startTicks: 1, life, boot: 'simulated' };
    return {
      ...common,
      pid: process.pid,
      recorded,
      async end(deadlineMs) {
        const ended = await end(process, deadlineMs, daemon);
        if (ended.kind === 'gone') await exited;
        return ended;
      },
    };
  };

  return {
    startLifeFor(daemon) {
      const open = new Set<CapturedLog>();
      logs.set(daemon, open);
      return (spec, captured) => {
        open.add(captured);
        return daemon.dead ? ghost : begin(spec, captured, daemon);
      };
    },
    async close(daemon) {
      await Promise.all([...(logs.get(daemon) ?? [])].map((captured) => captured.close()));
      logs.delete(daemon);
    },
    async endSurvivors(deadlineMs, recorded) {
      const ended = [...living].map(async (process): Promise<Leftover[]> => {
        const { life, pid } = process;
        const found = await end(process, deadlineMs, clock);
        const main = recorded.find((each) => each.life === life) ?? null;
        const again = (): Promise<TreeEnd> => end(process, 0, clock);
        return found.kind === 'gone' ? [] : [{ life, process: main, pids: [pid], told: false, again }];
      });
      return (await Promise.all(ended)).flat();
    },
    powerOff() {
      for (const process of living) {
        process.mainOver = () => {};
        process.mainLives = false;
        treeGone(process);
      }
    },
    living: () =>
      [...living].map(({ service, life, stuckUntil }) => ({
        service,
        life,
        stuck: stuckUntil !== undefined && stuckUntil > clock.monotonic(),
      })),
  };
}

const never = new Promise<never>(() => {});

/** What a dead daemon starts: nothing. */
const ghost: Life = {
  id: 'ghost',
  pid: undefined,
  recorded: null,
  startedAt: 0,
  exited: never,
  tail: () => [],
  end: () => never,
  kill: () => {},
  memory: () => never,
  drain: () => never,
};
