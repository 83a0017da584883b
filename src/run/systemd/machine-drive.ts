import type { Clock, Timer } from '../../core/clock.ts';
import { hasTree } from '../embedded/persisted.ts';
import { next } from '../service-machine.ts';
import {
  type Effect,
  type MachineSettings,
  type ServiceEvent,
  type ServiceState,
  shiftTimes,
} from '../service-state.ts';

/** Tells the pure machine of a service what happened, at the time when it happened, and keeps its timer. */
export interface MachineDrive {
  readonly state: ServiceState;
  /**
   * What comes up while an event is dealt with waits for its turn.
   * @param at when it happened, wall milliseconds; by default now.
   * @param silent what it leads to is told already.
   */
  dispatch(event: ServiceEvent, at?: number, silent?: boolean): void;
  /** Several events of one moment: nobody sees what is between them. */
  together(work: () => void): void;
  /** An event is being dealt with. */
  readonly busy: boolean;
  /** Whether another life would follow at once if the present one, which has lived so long, ended now. */
  follows(livedMs: number): boolean;
  /** Resolves when the present life is over, is stuck, or goes on although it was to end; at once where there is none. */
  ended(): Promise<void>;
  /** After a step of the wall clock the machine's times move along, so that no wait or tally changes. */
  followClock(): void;
  /** No timer from then on. */
  close(): void;
}

export interface MachineDriveOptions {
  readonly clock: Clock;
  readonly settings: MachineSettings;
  readonly perform: (effect: Exclude<Effect, { kind: 'armTimer' }>, silent: boolean) => void;
  /** Behind each event. */
  readonly taken: (state: ServiceState) => void;
  /** No event is left. */
  readonly idle: () => void;
}

/** Smaller steps of the wall clock do not matter here. */
const CLOCK_STEP_MS = 1000;
/** What the end of a life, or its going on, is known by. */
const OVER: readonly ServiceEvent['kind'][] = ['treeGone', 'stuck', 'refused'];

export function createMachineDrive(initial: ServiceState, options: MachineDriveOptions): MachineDrive {
  return new Drive(initial, options);
}

interface Queued {
  readonly event: ServiceEvent;
  readonly at: number;
  readonly silent: boolean;
}

class Drive implements MachineDrive {
  readonly #options: MachineDriveOptions;
  readonly #queue: Queued[] = [];
  #state: ServiceState;
  #ended = Promise.withResolvers<void>();
  #timer: Timer | undefined;
  #wallOffset: number;
  #busy = false;
  #closed = false;

  constructor(initial: ServiceState, options: MachineDriveOptions) {
    const { clock } = options;
    this.#options = options;
    this.#state = initial;
    this.#wallOffset = clock.now() - clock.monotonic();
  }

  get state(): ServiceState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#busy;
  }

  ended(): Promise<void> {
    return hasTree(this.#state.state) ? this.#ended.promise : Promise.resolve();
  }

  dispatch(event: ServiceEvent, at = this.#options.clock.now(), silent = false): void {
    this.together(() => this.#queue.push({ event, at, silent }));
  }

  together(work: () => void): void {
    if (this.#busy) return work();
    this.#busy = true;
    try {
      work();
      for (let first = this.#queue.shift(); first !== undefined; first = this.#queue.shift())
        this.#take(first);
    } finally {
      this.#busy = false;
    }
    this.#options.idle();
  }

  #take({ event, at, silent }: Queued): void {
    this.followClock();
    const { settings, perform, taken } = this.#options;
    const before = this.#state.state;
    const { state, effects } = next(this.#state, event, at, settings);
    if (state.state !== before) this.#timer?.cancel();
    this.#state = state;
    if (hasTree(before) && OVER.includes(event.kind)) {
      this.#ended.resolve();
      this.#ended = Promise.withResolvers();
    }
    for (const effect of effects) {
      if (effect.kind === 'armTimer') this.#arm(effect.delayMs, at);
      else perform(effect, silent);
    }
    taken(state);
  }

  #arm(delayMs: number, at: number): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    const { clock } = this.#options;
    const leftMs = Math.max(0, delayMs - (clock.now() - at));
    this.#timer = clock.timer(leftMs, () => this.dispatch({ kind: 'timer' }));
  }

  follows(livedMs: number): boolean {
    const { clock, settings } = this.#options;
    const now = clock.now();
    const exit = { kind: 'exited', code: 0 } as const;
    const { state } = next(this.#state, { kind: 'exited', exit, livedMs, random: 0.5 }, now, settings);
    const { effects } = next(state, { kind: 'treeGone', killed: false }, now, settings);
    return effects.some(({ kind }) => kind === 'spawn');
  }

  followClock(): void {
    const { clock } = this.#options;
    const offset = clock.now() - clock.monotonic();
    if (Math.abs(offset - this.#wallOffset) < CLOCK_STEP_MS) return;
    this.#state = shiftTimes(this.#state, Math.round(offset - this.#wallOffset));
    this.#wallOffset = offset;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}
