import type { Silence } from '../../core/silence.ts';
import type { Incident } from '../incident.ts';
import type { Telling } from '../telling.ts';
import type { Hold } from './hold.ts';

/** Whom a subject's trouble is told, and when. */
export interface NotifyPolicy {
  /** Names of channels. */
  readonly channels: readonly string[];
  /** `page`: when the ladder of the watch comes to that step. */
  readonly tells: 'flip' | 'page';
  /** How long its watch takes at most to see that it is well again; default a minute. */
  readonly healMs?: number;
}

/** What every channel may be told to do. Durations are milliseconds. */
export interface ChannelTiming {
  /** Trouble that lasts is told again so long after the last message; without it never. */
  readonly repeatMs?: number;
  /** It hears only of what lasts longer and nobody took note of. */
  readonly afterMs?: number;
  /** How long the first news of a message waits for others; default 10 s. */
  readonly groupMs?: number;
}

/** What stages look at beside the incident. */
export interface StageContext {
  readonly channels: ReadonlyMap<string, ChannelTiming>;
  /** `watch` is empty for what is not about a watch. */
  policyOf(service: string, watch: string): NotifyPolicy;
  silenceOf(service: string, watch: string, now: number): Silence | undefined;
  /** The services that a service needs directly. */
  needsOf(service: string): readonly string[];
  /** Incidents of a service that last, or are just over. */
  incidentsOf(service: string): readonly Incident[];
}

/** One incident, for one channel. */
export interface Candidate {
  readonly incident: Incident;
  readonly channel: string;
  readonly policy: NotifyPolicy;
  readonly timing: ChannelTiming;
  readonly telling: Telling;
}

/** Says why a candidate is not told now; undefined where it lets it pass. Pure. */
export type Stage = (candidate: Candidate, context: StageContext, now: number) => Hold | undefined;
