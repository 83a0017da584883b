import * as v from 'valibot';
import { err, ok, type Result } from '../../core/result.ts';
import type { RecordReader } from '../../hub/store/sqlite.ts';
import type { About, Replay, WatchKind } from '../../watch/kind.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import { LADDER_LIMITS } from '../../watch/ladder.ts';
import type { LookHistory } from '../../watch/looks/history.ts';
import type { KeptEvent } from '../../watch/looks/look.ts';
import { inHindsight } from '../../watch/replay/in-hindsight.ts';
import { replay, type Trial } from '../../watch/replay/replay.ts';
import { durations, type Range, type Tally, tally } from '../../watch/replay/tally.ts';
import { logFileOf } from '../config/limits.ts';
import { dataFolder } from '../layout.ts';
import type { Plan } from '../plan.ts';
import { assess, type Assessment } from './assess.ts';
import { type Known, readKnown } from './known.ts';
import { findPast, nothingBetween, type Past } from './past.ts';
import type { TriedWatch } from './tried-watch.ts';

/** What is read for a trial: the state folder of a daemon, which may run meanwhile. */
export interface TrialSources {
  readonly plan: Plan;
  /** Undefined where there is none. */
  readonly history: LookHistory | undefined;
  readonly store: RecordReader | undefined;
  /** When the daemon was last heard of, wall milliseconds; null where it runs. */
  readonly heardAt: number | null;
}

/** What a watch would have done. */
export interface TrialResult extends Omit<Tally, 'alarms'>, Assessment {
  /** The range that there is something known of, within the one that was asked for. */
  readonly range: Range;
  readonly from: Past['kind'];
  /** How often it looked in truth, milliseconds. */
  readonly pauseMs: number;
  /** How long it was in each state, milliseconds, the longest first; null: nobody looked. */
  readonly durations: ReturnType<typeof durations>;
  /** What is to be known about the result, each a sentence without its full stop. */
  readonly notes: readonly string[];
}

/** So much before the range is replayed too, so that state, trend and budget are what they would have been. */
const EARLIER_MS = 86_400_000;

/** Tries a watch over a range; wall milliseconds. The error says why not, and of what there is a history. */
export function tryWatch(
  tried: TriedWatch,
  range: Range,
  sources: TrialSources,
): Result<TrialResult, string> {
  const { service, watch } = tried;
  const judging = judgingOf(tried, sources.plan);
  if (judging === undefined)
    return err(`cannot try a watch of the kind ${watch.kind}: it is not kept what such a watch saw`);
  const { kept, options, about } = judging;
  const past = findPast({
    service,
    name: watch.name,
    source: kept.source(options, about),
    reader: () => kept.lines?.(options),
    log: logFileOf(service, sources.plan.state),
    everyMs: watch.everyMs,
    range,
    fits: kept.fits?.(options) ?? (() => true),
    ...sources,
  });
  if (!past.ok) return past;
  const survey = surveyOf(past.value.events(range.since, range.until));
  if (survey === undefined) return err(nothingBetween(service.name, watch.name, range, past.value));
  const { pauseMs = watch.everyMs, ...within } = survey;
  return ok(judgeAgain(tried, judging, past.value, { within, pauseMs, store: sources.store }));
}

/** A kind, as far as it is judged by again, with the options of a watch. */
interface Judging {
  readonly kind: WatchKind;
  readonly kept: Replay;
  readonly options: unknown;
  readonly about: About;
}

function judgingOf({ service, watch }: TriedWatch, plan: Plan): Judging | undefined {
  const kind = WATCH_KINDS.find((each) => each.kind === watch.kind);
  if (kind?.replay === undefined) return undefined;
  const about = { service: service.name, folder: dataFolder(plan.file), graceMs: watch.gate.graceMs };
  return { kind, kept: kind.replay, options: v.parse(kind.options, watch.options), about };
}

/** What is looked at of the past. */
interface Extent {
  /** From the first look to the last. */
  readonly within: Range;
  readonly pauseMs: number;
  readonly store: RecordReader | undefined;
}

function judgeAgain(
  { service, watch, configured }: TriedWatch,
  { kind, kept, options, about }: Judging,
  past: Past,
  { within, pauseMs, store }: Extent,
): TrialResult {
  const known = store && readKnown(store, service.name, configured?.name ?? '', within);
  const trial: Trial = {
    settings: kind.ownGrace === true ? { ...watch, gate: { ...watch.gate, graceMs: 0 } } : watch,
    limits: service.watchLimits ?? LADDER_LIMITS,
    judge: () => kept.judge(options, about),
    thin: watch.everyMs > FEWER * pauseMs,
    others: known?.others ?? [],
  };
  const longerMs = Math.max(pauseMs, watch.everyMs);
  const patienceMs = Math.max(3 * longerMs, watch.timeoutMs + 2 * pauseMs);
  const seen = past.events(within.since - EARLIER_MS, within.until);
  const looks = replay(inHindsight(seen, kept.hindsight), trial);
  const found = tally(looks, within, patienceMs);
  const assessed = assess(found.alarms, {
    known,
    // What the service prints is no other sign for a watch that looks at just that.
    printed: kept.lines?.(options) === undefined ? known?.printed : undefined,
    isLive: configured !== undefined,
    until: within.until,
    toleranceMs: (watch.gate.fail.of + 1) * longerMs,
  });
  const notes = notesOf(past, found, known, watch.everyMs * FEWER < pauseMs);
  const extent = { range: within, from: past.kind, pauseMs };
  return { ...found, ...assessed, ...extent, durations: durations(found.spans), notes };
}

/** A pace that is slower by this takes fewer of the looks. */
const FEWER = 1.5;
const MOST_PAUSES = 1000;

/** When the first look and the last one were taken into account, and the pause that half of the pauses are no longer than. */
function surveyOf(
  events: Iterable<KeptEvent>,
): (Range & { readonly pauseMs: number | undefined }) | undefined {
  const pauses: number[] = [];
  let since: number | undefined;
  let until = 0;
  let last: number | undefined;
  for (const event of events) {
    if (event.kind === 'look') {
      since ??= event.at;
      until = event.at;
      if (last !== undefined && pauses.length < MOST_PAUSES) pauses.push(event.now - last);
    }
    last = event.kind === 'look' ? event.now : undefined;
  }
  if (since === undefined) return undefined;
  const pauseMs = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)];
  return { since, until, pauseMs };
}

/** @param isQuicker it looked less often than it would now. */
function notesOf(past: Past, { actions }: Tally, known: Known | undefined, isQuicker: boolean): string[] {
  const ends = actions.some(({ step }) => step === 'restart' || step === 'stop');
  const isOfRealLives = ends || (known !== undefined && known.ownRestarts.length > 0);
  return [
    ...past.notes(),
    ...(isQuicker ? ['it looked less often than it would now: what was between two looks is not known'] : []),
    ...(isOfRealLives
      ? [
          'the lives are those that there were: a restart here, or one less, changes nothing of what came then',
        ]
      : []),
    ...(known === undefined ? ['there is no time line: it is not known what else happened'] : []),
  ];
}
