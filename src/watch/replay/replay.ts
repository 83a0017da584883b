import { createOpening } from '../../core/hours.ts';
import { asError } from '../../core/result.ts';
import { lifeSeen, type LifeSeen, type WatchSettings } from '../course.ts';
import { freshGate, type GateState, next as nextGate, type WatchState } from '../gate.ts';
import { heldBy } from '../holds.ts';
import type { Judge, Reading } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import {
  type Budget,
  FRESH_BUDGET,
  FRESH_LADDER,
  type LadderLimits,
  type LadderState,
  next as nextLadder,
  type Step,
} from '../ladder.ts';
import type { KeptEvent, KeptLook } from '../looks/look.ts';

/** What a watch is tried as: the settings by which what was seen is judged again. */
export interface Trial {
  readonly settings: WatchSettings;
  readonly limits: LadderLimits;
  /** A judge that has seen nothing yet. */
  readonly judge: () => Judge<Reading>;
  /** Of the looks that were made only as many count as its `every` would have. */
  readonly thin: boolean;
  /** What other watches of the service did, oldest first: they spend from the same budget. */
  readonly others: readonly OtherAction[];
}

export interface OtherAction {
  /** Wall milliseconds. */
  readonly at: number;
  /** It was a restart. */
  readonly costs: boolean;
}

/** What a look would have led to. */
export interface TriedLook {
  /** Wall milliseconds. */
  readonly at: number;
  readonly life: string;
  readonly judgement: Judgement;
  /** What the watch is after it. */
  readonly state: WatchState;
  readonly flip: { readonly from: WatchState; readonly to: WatchState } | undefined;
  /** What it would have done, in order. */
  readonly steps: readonly Step[];
  /** What held back its steps then, where it would have had a reason for one. */
  readonly heldBy: KeptLook['silence'];
}

/**
 * Judges what a watch saw again, by the very functions that judge live ones, and climbs its ladder. The lives are those that
 * there were: nothing that it would have done changes what is seen after it.
 */
export function* replay(events: Iterable<KeptEvent>, trial: Trial): Generator<TriedLook, void> {
  const { settings } = trial;
  const opening = createOpening(settings.hours);
  const isDue = createThinning(trial);
  const climb = createClimber(trial);
  let judge = trial.judge();
  let gate: GateState | undefined;
  for (const event of events) {
    if (event.kind === 'opened') {
      judge = trial.judge();
      // As the daemon keeps it: evidence goes, the state stays.
      if (gate !== undefined) gate = { ...gate, looks: [], unknown: 0 };
      continue;
    }
    const { now, at, life, silence } = event;
    const began = opening.begin(now);
    if (began === undefined) continue;
    const seen = lifeSeen({ ...life, pid: 0 }, Math.max(began, life.wellSince));
    // A judge goes by all that was read, also by what is left out here.
    const judgement = look(judge, event, seen);
    if (!isDue(now)) continue;
    const step = nextGate(gate ?? freshGate(now), { judgement, life: seen }, at, settings.gate);
    gate = step.state;
    const acts =
      step.failing && step.counted && (judgement.verdict === 'late' || judgement.verdict === 'bad');
    const steps = climb(acts, gate, seen, at, silence);
    yield {
      at,
      life: life.id,
      judgement,
      state: gate.state,
      flip: step.flip,
      steps,
      heldBy: acts ? silence : undefined,
    };
  }
}

function look(judge: Judge<Reading>, { now, reading, failed }: KeptLook, life: LifeSeen): Judgement {
  if (reading === undefined) return { verdict: 'unknown', value: null, reason: failed };
  try {
    return judge(reading, { now, life });
  } catch (thrown) {
    return { verdict: 'unknown', value: null, reason: `cannot look: ${asError(thrown).message}` };
  }
}

/** Early looks are taken by so much of the pause. */
const SLACK = 0.1;

function createThinning({ thin, settings: { everyMs } }: Trial): (now: number) => boolean {
  let dueAt: number | undefined;
  return (now) => {
    if (!thin) return true;
    if (dueAt !== undefined && now < dueAt - everyMs * SLACK) return false;
    // In step, as live looks are; after a pause anew.
    dueAt = dueAt === undefined || now >= dueAt + everyMs ? now + everyMs : dueAt + everyMs;
    return true;
  };
}

/** Climbs the ladder look by look, with the budget that other watches leave. */
function createClimber({ settings: { steps }, limits, others }: Trial) {
  let ladder: LadderState = FRESH_LADDER;
  let budget: Budget = FRESH_BUDGET;
  const waiting = [...others];
  return (
    failing: boolean,
    { state }: GateState,
    { id }: LifeSeen,
    at: number,
    silence: KeptLook['silence'],
  ): readonly Step[] => {
    for (let first = waiting[0]; first !== undefined && first.at <= at; first = waiting[0]) {
      waiting.shift();
      const restarts = first.costs ? [...budget.restarts, first.at] : budget.restarts;
      budget = { restarts, actedAt: Math.max(budget.actedAt ?? 0, first.at) };
    }
    const hold = heldBy(silence === undefined ? undefined : { by: silence, why: '', who: '', until: null });
    const service = { state: 'running', wanted: true } as const;
    const situation = { failing, well: state === 'ok', life: id, service, hold };
    const climbed = nextLadder(ladder, budget, situation, at, { ...limits, steps });
    ladder = climbed.state;
    budget = climbed.budget;
    return climbed.effects;
  };
}
