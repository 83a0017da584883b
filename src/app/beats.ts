import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Clock } from '../core/clock.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import { createTokenBucket, type TokenBucket } from '../run/embedded/token-bucket.ts';
import type { Beat, Signal } from '../watch/beats/beat.ts';
import { type BeatInbox, createInbox } from '../watch/beats/inbox.ts';
import { beat, beatRules } from '../watch/kinds/beat.ts';
import type { BeatStore } from './beat-store.ts';
import type { Plan, PlannedBeats } from './plan.ts';

/** A service may beat each second; who sends more is told to wait. */
const PER_SECOND = 1;
const BURST = 60;

/** Which watch a beat is for. */
export interface BeatTarget {
  readonly service: string;
  readonly watch: string;
}

export interface BeatRefusal {
  readonly kind: 'unknown' | 'too-many' | 'not-stored';
  readonly message: string;
}

/** Where beats come in, for all watches that look at them. */
export interface Beats {
  /** Opens what a plan has beyond what is open, and goes by what it says. What it has no longer stays open until `keepOnly`. */
  open(plan: Plan): void;
  /** Closes and forgets what a plan has no longer. */
  keepOnly(plan: Plan): void;
  inbox(service: string, watch: string): BeatInbox | undefined;
  /** The beat watches of a service, by name, as the plan that was opened last has them. */
  watchesOf(service: string): readonly string[];
  /** Where beats come in by HTTP, as that plan has it. */
  listens(): PlannedBeats | undefined;
  /** Which watch a token is for. Costs the same, whatever it is. */
  find(token: string): BeatTarget | undefined;
  token(target: BeatTarget): string;
  /** Stored when it returns. @param life the life of the service that runs now. */
  take(target: BeatTarget, signal: Signal, life: string | null): Result<Beat, BeatRefusal>;
}

export interface BeatsOptions {
  readonly clock: Clock;
  readonly store: BeatStore;
  readonly records: (drafts: readonly RecordDraft[]) => void;
}

interface Open extends BeatTarget {
  readonly inbox: BeatInbox;
  readonly bucket: TokenBucket;
}

export function createBeats({ clock, store, records }: BeatsOptions): Beats {
  const all = new Map<string, Open>();
  const byToken = new Map<string, BeatTarget>();
  const openSince = clock.now();
  let current: Plan | undefined;

  const openOne = (target: BeatTarget, options: unknown): void => {
    const { service, watch } = target;
    const rules = { ...beatRules(v.parse(beat.options, options)), openSince };
    const known = all.get(keyOf(target));
    if (known !== undefined) return known.inbox.change(rules);
    byToken.set(hashOf(store.token(service, watch)), target);
    const keeping = {
      load: () => store.load(service, watch),
      save: (state: Parameters<BeatStore['save']>[2]) => store.save(service, watch, state),
    };
    const bucket = createTokenBucket(clock, PER_SECOND, BURST);
    all.set(keyOf(target), { ...target, inbox: createInbox(rules, keeping), bucket });
  };

  return {
    open(plan) {
      current = plan;
      for (const { target, options } of targetsOf(plan)) openOne(target, options);
    },
    keepOnly(plan) {
      const kept = targetsOf(plan).map(({ target }) => target);
      const keys = new Set(kept.map(keyOf));
      for (const key of all.keys()) if (!keys.has(key)) all.delete(key);
      for (const [hash, target] of byToken) if (!keys.has(keyOf(target))) byToken.delete(hash);
      store.keepOnly(kept.map(({ service, watch }) => [service, watch]));
    },
    inbox: (service, watch) => all.get(keyOf({ service, watch }))?.inbox,
    watchesOf(service) {
      const targets = current === undefined ? [] : targetsOf(current).map(({ target }) => target);
      return targets.filter((each) => each.service === service).map(({ watch }) => watch);
    },
    listens: () => current?.beats,
    find: (token) => byToken.get(hashOf(token)),
    token: ({ service, watch }) => store.token(service, watch),
    take(target, signal, life) {
      const open = all.get(keyOf(target));
      const name = `${target.service}/${target.watch}`;
      if (open === undefined) return err({ kind: 'unknown', message: `cannot find the watch ${name}` });
      if (!open.bucket.take())
        return err({
          kind: 'too-many',
          message: `cannot take the beat: ${name} gets more than ${BURST} a minute`,
        });
      const taken = open.inbox.take(signal, { at: clock.now(), life });
      if (!taken.ok) return err({ kind: 'not-stored', message: taken.error });
      if (signal.word === 'log') records([logRecord(target, signal, life, clock)]);
      return ok(taken.value);
    },
  };
}

/** Every beat watch of a plan. */
function targetsOf(plan: Plan): readonly { readonly target: BeatTarget; readonly options: unknown }[] {
  return plan.services.flatMap(({ name, watch = [] }) =>
    watch
      .filter(({ kind }) => kind === beat.kind)
      .map((each) => ({ target: { service: name, watch: each.name }, options: each.options })),
  );
}

function keyOf({ service, watch }: BeatTarget): string {
  return `${service}/${watch}`;
}

/** How long it takes to find one says nothing about any token. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** What somebody wanted to be on the time line, beside what the service prints. */
function logRecord(
  { service, watch }: BeatTarget,
  { message }: Signal,
  life: string | null,
  clock: Clock,
): RecordDraft {
  const about = { service, life: life ?? '', kind: 'log', level: LEVELS.info, sender: watch } as const;
  return { ...about, time: clock.micros(), message };
}
