import type { Silence } from '../core/silence.ts';
import { endsAt } from '../core/windows.ts';
import { heldUntil, type HoldSources, silencesOf, type Subject } from '../watch/holds.ts';
import type { Plan } from './plan.ts';
import { createQuietWindows, type ListedWindow } from './quiet-windows.ts';
import { createSaidSilences, type SaidSilences, type SaidSilencesDeps } from './said-silences.ts';
import type { KeptSilences } from './silence-store.ts';

/** Why nothing is done about trouble, or nobody is told: windows of the config, and what people said. */
export interface Silences extends Omit<SaidSilences, 'keepOnly'> {
  /** Takes over the windows of a plan, and forgets what was said of what is not in it. */
  use(plan: Plan): void;
  /**
   * The weightiest silence that holds at `now`, wall milliseconds.
   * @param watch null (or empty) for the service itself: its lanes, its processes.
   */
  silenceOf(service: string, watch: string | null, now: number): Silence | undefined;
  /** All of them. */
  silencesOf(subject: Subject, now: number): readonly Silence[];
  /** When the last window or snooze for a subject is over; null where none holds now. */
  heldUntil(subject: Subject, now: number): number | null;
  /** The windows of the plan: those that are for everything, then those of services. */
  windows(): readonly ListedWindow[];
  /** Every window that is in force at `now`, wall milliseconds, and everything that people said. */
  list(now: number): readonly ListedSilence[];
}

export interface SilencesDeps extends SaidSilencesDeps {
  /** How something that a service needs is in trouble. */
  readonly trouble: (service: string) => string | undefined;
}

/** A silence, and what it is for; null where it is for everything, or all of a service. */
export interface ListedSilence extends Silence {
  readonly service: string | null;
  readonly watch: string | null;
  /** When it was said; null for windows. */
  readonly at: number | null;
}

export function createSilences({ trouble, ...deps }: SilencesDeps): Silences {
  const said = createSaidSilences(deps);
  const windows = createQuietWindows();
  const sources: HoldSources = {
    quiet: windows.of,
    snoozes: () => said.kept().snoozes,
    acks: () => said.kept().acks,
    trouble,
  };
  return {
    ...said,
    use(plan) {
      windows.use(plan);
      said.keepOnly(plan);
    },
    silenceOf: (service, watch, now) => silencesOf({ service, watch: watch || null }, sources, now)[0],
    silencesOf: (subject, now) => silencesOf(subject, sources, now),
    heldUntil: (subject, now) => heldUntil(subject, sources, now),
    windows: windows.list,
    list: (now) => [...windowsInForce(windows.list(), now), ...saidSilences(said.kept())],
  };
}

function windowsInForce(windows: readonly ListedWindow[], now: number): readonly ListedSilence[] {
  return windows.flatMap(({ service, window, why }) => {
    const until = endsAt(window, now);
    return until === undefined ? [] : [{ by: 'quiet', service, watch: null, why, who: '', at: null, until }];
  });
}

function saidSilences({ snoozes, acks }: KeptSilences): readonly ListedSilence[] {
  return [
    ...snoozes.map((snooze) => ({ by: 'snooze', ...snooze }) as const),
    ...acks.map((ack) => ({ by: 'ack', ...ack, until: null }) as const),
  ];
}
