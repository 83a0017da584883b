import { approximateDuration } from '../core/durations.ts';
import { joinNames, type Need, needText } from '../run/needs.ts';
import { readinessText, signText } from '../run/readiness/readiness.ts';
import { clockTime } from './clock-time.ts';
import type { ServiceStatus } from './control-api.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** Sentences on readiness and on needs: whether its life does its work, what it waits for and how that is, who needs it. */
export function needSentences(
  service: ServiceStatus,
  supervised: Supervised,
  supervision: Supervision,
): readonly string[] {
  const waits = service.state === 'blocked';
  const missing = supervised.planned.needs.filter((need) => service.waitsFor.includes(needText(need)));
  return [
    ...readySentences(service, supervised),
    ...(waits ? missing.map((need) => missingSentence(need, supervision)) : []),
    ...neededSentences(service.name, supervision),
  ];
}

function readySentences(
  { state, ready, readyAt, startedAt }: ServiceStatus,
  { planned }: Supervised,
): string[] {
  if (state !== 'running' || planned.ready === undefined) return [];
  if (ready !== true) return [`It is not ready yet: it still owes ${readinessText(planned.ready)}.`];
  const took = approximateDuration((readyAt ?? 0) - (startedAt ?? 0));
  return [`It became ready ${took} after its start: ${signText(planned.ready.sign)}.`];
}

function missingSentence(need: Need, supervision: Supervision): string {
  const snapshot = supervision.get(need.name)?.service.snapshot();
  const text = `It needs ${needText(need)}`;
  if (snapshot === undefined) return `${text}, which is being replaced.`;
  if (snapshot.state === 'running') return `${text}: ${need.name} runs, but is not ready yet.`;
  const since = `since ${clockTime(snapshot.since)}`;
  const stopped = snapshot.state === 'stopped' && !snapshot.wanted;
  return stopped
    ? `${text}: a person stopped ${need.name} ${since}.`
    : `${text}: ${need.name} is ${snapshot.state} ${since}.`;
}

function neededSentences(name: string, supervision: Supervision): string[] {
  const dependents = supervision
    .all()
    .filter(({ planned }) => planned.needs.some((need) => need.name === name));
  if (dependents.length === 0) return [];
  const names = joinNames(dependents.map(({ planned }) => planned.name));
  return [
    `Needed by ${names}: a new life of this one means a new life of ${dependents.length === 1 ? 'that one' : 'each'}.`,
  ];
}

/** What happens next to a service that waits for what it needs. */
export function blockedNext({ name, waitsFor }: ServiceStatus): string {
  const verb = waitsFor.length === 1 ? 'is' : 'are';
  return `Next: it is started as soon as ${joinNames(waitsFor)} ${verb} there, or at once by: vahti start ${name}`;
}

/** When a life that is not ready yet is ended; undefined where that is not to come. */
export function lateNext(
  { state, ready, startedAt }: ServiceStatus,
  { planned }: Supervised,
): string | undefined {
  const withinMs = planned.ready?.withinMs ?? null;
  if (state !== 'running' || ready !== false || withinMs === null || startedAt === null) return undefined;
  return `Next: unless it is ready by ${clockTime(startedAt + withinMs)}, it is ended and started again as its lane says.`;
}
