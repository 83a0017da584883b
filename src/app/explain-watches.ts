import { approximateDuration, formatDuration } from '../core/durations.ts';
import { HOUR_MS, LADDER_LIMITS } from '../watch/ladder.ts';
import type { WatchFigures } from '../watch/watch-figures.ts';
import { stateWords } from '../watch/wording.ts';
import { clockTime } from './clock-time.ts';
import type { ServiceStatus } from './control-api.ts';
import type { Supervised } from './supervision.ts';

/** What an explanation says of each watch of a service, and of the restarts that they share. */
export function watchSentences(
  service: ServiceStatus,
  { planned }: Supervised,
  now: number,
): readonly string[] {
  const sentences = service.watches.map((watch) => watchSentence(service, watch, now));
  const restarts = (planned.watch ?? []).some(({ steps }) => steps.some((step) => step.do === 'restart'));
  return restarts ? [...sentences, budgetSentence(service, planned.watchLimits)] : sentences;
}

/** What a watch does next if it goes on failing; undefined where none would do anything. */
export function watchNext({ watches }: ServiceStatus): string | undefined {
  const [first] = watches
    .filter((watch) => watch.nextAction !== null)
    .toSorted((a, b) => (a.nextAction?.at ?? 0) - (b.nextAction?.at ?? 0));
  if (first?.nextAction == null) return heldNext(watches);
  const { what, at } = first.nextAction;
  return `Next: ${what} at ${clockTime(at)}, unless ${first.name} is well by then.`;
}

function heldNext(watches: readonly WatchFigures[]): string | undefined {
  const held = watches.find(
    ({ verdict, silence }) => (verdict === 'late' || verdict === 'bad') && silence?.by === 'needs',
  );
  return held && `Next: nothing by its watches, as long as this lasts: ${held.silence?.why}.`;
}

function watchSentence(service: ServiceStatus, watch: WatchFigures, now: number): string {
  const since = `since ${clockTime(watch.since)} (${approximateDuration(Math.max(0, now - watch.since))})`;
  const head = `Watch ${watch.name} (${watch.kind}) is ${stateWords(watch.state)} ${since}`;
  return [head, seen(watch), coming(service, watch)].filter((part) => part !== '').join('; ') + '.';
}

function seen({ verdict, value, reason, lookedAt, state }: WatchFigures): string {
  if (verdict === null || lookedAt === null) return 'nothing was seen of this life yet';
  const word = verdict === state ? '' : `${verdict}, `;
  const short = value === null || (reason ?? '').includes(value) ? '' : ` (${value})`;
  return `at ${clockTime(lookedAt)}: ${word}${reason}${short}`;
}

function coming(service: ServiceStatus, { nextLookAt, countsFrom, nextAction }: WatchFigures): string {
  if (nextLookAt === null) {
    const why = service.state === 'running' ? 'is not ready' : `is ${service.state}`;
    return `it does not look while the service ${why}`;
  }
  const grace = countsFrom === null ? '' : `, counting from ${clockTime(countsFrom)} on`;
  const act =
    nextAction === null ? '' : `; if it goes on so, ${nextAction.what} at ${clockTime(nextAction.at)}`;
  return `next look at ${clockTime(nextLookAt)}${grace}${act}`;
}

function budgetSentence({ watchRestarts: recent }: ServiceStatus, limits = LADDER_LIMITS): string {
  const { mostRestarts: most, perMs } = limits;
  const per = perMs === HOUR_MS ? 'an hour' : formatDuration(perMs);
  const oldest = recent[0];
  const free = oldest === undefined ? '' : `; one comes back at ${clockTime(oldest + perMs)}`;
  return `Its watches have used ${recent.length} of ${most} restarts within ${per}${free}.`;
}
