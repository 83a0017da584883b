import { approximateDuration } from '../core/durations.ts';
import type { Incident } from './incident.ts';
import type { EntryEvent } from './telling.ts';

/** What messages say of incidents, in a line. */

/** An incident and what a message says of it. */
export interface Said {
  readonly incident: Incident;
  readonly event: EntryEvent;
}

const NAMED = 5;

/** `a`, `a and b`, `a, b and c`, `a, b, c, d, e and 7 more`. */
export function listNames(names: readonly string[], most = NAMED): string {
  if (names.length > most) return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** What a service is while its incident lasts: `is bad`, `is in the slow lane`. */
function stateOf({ kind, state }: Incident, verb: 'is' | 'was', still = ''): string {
  const be = `${verb}${still}`;
  if (kind === 'lane') return `${be} in the ${state} lane`;
  if (kind === 'ready') return `${be} not ready`;
  if (state === 'failed') return verb === 'is' ? 'has failed' : 'had failed';
  return `${be} ${state}`;
}

/** What is behind it: `alive: no answer within 5s`, `12 starts in 10 minutes`. */
function detail({ kind, watch, reason }: Incident): string {
  return kind === 'watch' ? `${watch}: ${reason}` : reason;
}

/** The subject itself: `alive was bad`, `it was in the slow lane`. */
function whatWas(incident: Incident): string {
  return incident.kind === 'watch'
    ? `${incident.watch} was ${incident.state}`
    : `it ${stateOf(incident, 'was')}`;
}

function lasted({ since, until }: Incident, now: number): string {
  return approximateDuration((until ?? now) - since);
}

function titleOfOne({ incident, event }: Said, host: string, now: number): string {
  const { service, ending } = incident;
  const time = lasted(incident, now);
  switch (event) {
    case 'outage':
    case 'update':
      return `${service} ${stateOf(incident, 'is')} on ${host}: ${detail(incident)}`;
    case 'repeat':
      return `${service} ${stateOf(incident, 'is', ' still')} on ${host}, for ${time}: ${detail(incident)}`;
    case 'recovery':
      return ending === ''
        ? `${service} is well again on ${host}: ${whatWas(incident)} for ${time}`
        : `${service} is no longer in trouble on ${host} (${ending}): ${whatWas(incident)} for ${time}`;
    case 'both':
      return `${service} ${stateOf(incident, 'was')} on ${host} for ${time}, and ${
        ending === '' ? 'is well again' : `is no longer in trouble (${ending})`
      }: ${detail(incident)}`;
  }
}

/** The title of a message that tells of incidents: all of them last, or all are over. */
export function titleOf(said: readonly Said[], host: string, now: number): string {
  const [first, ...more] = said;
  if (first === undefined) return `nothing new on ${host}`;
  if (more.length === 0) return titleOfOne(first, host, now);
  const services = [...new Set(said.map(({ incident }) => incident.service))];
  const [service = ''] = services;
  const isOver = said.every(({ incident }) => incident.until !== null);
  const state = isOver
    ? endOf(said)
    : said.every(({ event }) => event === 'repeat')
      ? 'still in trouble'
      : 'in trouble';
  if (services.length > 1)
    return `${services.length} services are ${state} on ${host}: ${listNames(services)}`;
  const what = said.map(({ incident }) => (isOver ? whatWas(incident) : whatIs(incident)));
  return `${service} is ${state} on ${host}: ${listNames(what)}`;
}

function endOf(said: readonly Said[]): string {
  return said.every(({ incident }) => incident.ending === '') ? 'well again' : 'no longer in trouble';
}

/** `alive is bad`, `it is in the slow lane`. */
function whatIs(incident: Incident): string {
  return incident.kind === 'watch'
    ? `${incident.watch} is ${incident.state}`
    : `it ${stateOf(incident, 'is')}`;
}
