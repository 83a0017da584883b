import assert from 'node:assert/strict';
import type { RecordDraft } from '../../src/core/record.ts';
import { type Course, lifeSeen } from '../../src/watch/course.ts';
import { freshGate, type GateSettings } from '../../src/watch/gate.ts';
import type { Verdict } from '../../src/watch/judgement.ts';
import {
  type Budget,
  FRESH_BUDGET,
  FRESH_LADDER,
  type LadderLimits,
  type Step,
} from '../../src/watch/ladder.ts';
import { createPast } from '../../src/watch/past.ts';
import { createRestarts } from '../../src/watch/restarts.ts';
import { FREE, type Shared, take, type Taking } from '../../src/watch/taking.ts';
import type { WatchedService } from '../../src/watch/watched-service.ts';

/** Watches of a service that lives through a year, without real time: what they see and what else happens is given. Times are ms. */

export interface YearPlan {
  readonly limits: LadderLimits;
  readonly watches: readonly { readonly gate: GateSettings; readonly steps: readonly Step[] }[];
  /** How long a life still runs after it was asked to end. */
  readonly endsWithinMs: number;
  /** From the end of a life to the next. */
  readonly startsWithinMs: number;
}

export type YearEvent =
  /** Looks of a watch, one after the other. */
  | {
      readonly do: 'looks';
      readonly watch: number;
      readonly verdicts: readonly Verdict[];
      readonly everyMs: number;
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'crash' }
  /** By a person. */
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  /** The wall clock alone. */
  | { readonly do: 'clock'; readonly stepMs: number }
  /** What is kept is written as JSON, and read. */
  | { readonly do: 'reread' };

/** Something that was done about the service, or a flip. */
export interface Deed {
  readonly what: Step['do'] | 'flip';
  readonly watch: number;
  readonly life: string;
  readonly text: string;
  /** Real time since the beginning, and how often the clock was put forward until then. */
  readonly at: number;
  readonly leaps: number;
  /** Of the watch: how often it was well again until then. */
  readonly incident: number;
  /** Of the life: how long it was there, and whether the clock was put forward in it. */
  readonly aliveMs: number;
  readonly leapt: boolean;
  /** What the watch saw of the life that counted, oldest first. */
  readonly evidence: readonly Verdict[];
  readonly runs: boolean;
}

const START = Date.UTC(2027, 0, 1);

export class WatchedYear {
  readonly deeds: Deed[] = [];
  readonly #plan: YearPlan;
  readonly #service: WatchedService;
  #watches: Taking[];
  #shared: Shared;
  #past = createPast();
  #at = 0;
  #stepped = 0;
  #leaps = 0;
  #wanted = true;
  #life:
    | { readonly id: string; readonly startedAt: number; readonly at: number; readonly leaps: number }
    | undefined;
  #lives = 0;
  #endsAt: number | undefined;
  #nextLifeAt: number | undefined = 0;
  readonly #incidents: number[];
  readonly #evidence: Verdict[][];
  /** The watch that looks now. */
  #looking = 0;

  constructor(plan: YearPlan) {
    this.#plan = plan;
    this.#incidents = plan.watches.map(() => 0);
    this.#evidence = plan.watches.map(() => []);
    this.#service = this.#createService();
    this.#watches = plan.watches.map(({ gate, steps }, nth) => ({
      settings: { name: `w${nth}`, kind: 'test', everyMs: 1000, timeoutMs: 1000, gate, steps },
      course: freshCourse(),
    }));
    this.#shared = this.#share(FRESH_BUDGET);
    this.#begin();
  }

  get wall(): number {
    return START + this.#at + this.#stepped;
  }

  get isWanted(): boolean {
    return this.#wanted;
  }

  happen(event: YearEvent): void {
    switch (event.do) {
      case 'looks':
        for (const verdict of event.verdicts) {
          this.#pass(event.everyMs);
          this.#look(event.watch % this.#watches.length, verdict);
        }
        return;
      case 'pass':
        return this.#pass(event.ms);
      case 'crash':
        return this.#end();
      case 'stop':
        this.#wanted = false;
        return this.#ask();
      case 'start':
        this.#wanted = true;
        return this.#life === undefined ? this.#end() : undefined;
      case 'clock':
        this.#stepped += event.stepMs;
        if (event.stepMs > 0) this.#leaps += 1;
        return;
      case 'reread':
        return this.#reread();
    }
  }

  #pass(ms: number): void {
    this.#at += ms;
    if (this.#endsAt !== undefined && this.#at >= this.#endsAt) this.#end();
    if (this.#nextLifeAt !== undefined && this.#at >= this.#nextLifeAt) this.#begin();
  }

  #begin(): void {
    this.#nextLifeAt = undefined;
    this.#lives += 1;
    this.#life = { id: `life-${this.#lives}`, startedAt: this.wall, at: this.#at, leaps: this.#leaps };
    for (const evidence of this.#evidence) evidence.length = 0;
  }

  /** The life is asked to end. */
  #ask(): void {
    if (this.#life === undefined) this.#end();
    else this.#endsAt ??= this.#at + this.#plan.endsWithinMs;
    this.#pass(0);
  }

  /** The life ends; where the service is wanted another one follows. */
  #end(): void {
    this.#life = undefined;
    this.#endsAt = undefined;
    this.#nextLifeAt = this.#wanted ? this.#at + this.#plan.startsWithinMs : undefined;
  }

  #look(nth: number, verdict: Verdict): void {
    const [life, watch] = [this.#life, this.#watches[nth]];
    if (life === undefined || watch === undefined) return;
    const beganAt = this.#past(life.startedAt, this.wall);
    const counts = this.wall - beganAt >= watch.settings.gate.graceMs;
    if (counts && verdict !== 'unknown') this.#evidence[nth]?.push(verdict);
    this.#looking = nth;
    const seen = lifeSeen({ id: life.id, pid: 42, startedAt: beganAt, readyAt: beganAt }, 0);
    take(watch, { verdict, value: null, reason: verdict }, seen, this.#shared);
    if (watch.course.gate.state === 'ok') this.#incidents[nth] = (this.#incidents[nth] ?? 0) + 1;
  }

  #reread(): void {
    this.#watches = this.#watches.map(({ settings, course }) => ({ settings, course: reread(course) }));
    this.#shared = this.#share(reread(this.#shared.budget));
  }

  #share(budget: Budget): Shared {
    const clock = {
      now: () => this.wall,
      micros: () => this.wall * 1000,
      monotonic: () => this.#at,
    } as Shared['clock'];
    const records = (drafts: readonly RecordDraft[]): void => drafts.forEach((draft) => this.#told(draft));
    const save = (): void => {};
    const service = this.#service;
    const restarts = createRestarts({ service, clock, records, restored: undefined, save });
    const { signal } = new AbortController();
    return {
      service,
      limits: this.#plan.limits,
      holding: FREE,
      restarts,
      clock,
      records,
      signal,
      budget,
      save,
    };
  }

  #createService(): WatchedService {
    return {
      name: 'svc',
      snapshot: () => ({
        state: this.#life !== undefined ? 'running' : this.#wanted ? 'waiting' : 'stopped',
        wanted: this.#wanted,
        life: this.#life?.id ?? null,
        pid: this.#life === undefined ? null : 42,
        startedAt: this.#life?.startedAt ?? null,
        ready: null,
        readyAt: null,
        lastExit: null,
      }),
      restart: () => {
        this.#did('restart');
        this.#ask();
      },
      stop: () => {
        this.#wanted = false;
        this.#ask();
      },
      restartDependents: () => {},
      run: () => Promise.resolve('exited with code 0'),
      tail: () => [],
    };
  }

  #told({ kind, fields }: RecordDraft): void {
    if (kind === 'flip') return this.#did('flip', `${String(fields?.['from'])} ${String(fields?.['to'])}`);
    const action = fields?.['action'] as Step['do'] | undefined;
    const isBegin = action !== undefined && fields?.['outcome'] === undefined;
    if (isBegin) this.#did(action);
  }

  #did(what: Deed['what'], text = ''): void {
    const nth = this.#looking;
    const life = this.#life;
    assert.ok(life !== undefined, `${what} without a life`);
    this.deeds.push({
      what,
      text,
      watch: nth,
      life: life.id,
      at: this.#at,
      leaps: this.#leaps,
      incident: this.#incidents[nth] ?? 0,
      aliveMs: this.#at - life.at,
      leapt: this.#leaps > life.leaps,
      evidence: [...(this.#evidence[nth] ?? [])],
      runs: this.#wanted,
    });
  }
}

function freshCourse(): Course {
  return {
    gate: freshGate(START),
    ladder: FRESH_LADDER,
    judgement: undefined,
    lookedAt: undefined,
    evidenceAt: undefined,
  };
}

function reread<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
