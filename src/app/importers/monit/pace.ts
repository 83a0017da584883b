import { formatDuration } from '../../../core/durations.ts';
import type { Building, Say, ServicesContext } from './building.ts';
import { read } from './reading.ts';
import type { Known } from './service-of-check.ts';
import type { Statement } from './statements.ts';
import { type RestartLimit, readTest } from './test-statement.ts';
import { cronHours, hoursText, otherHours } from './times.ts';
import { isWord } from './tokens.ts';
import type { Pace } from './watch-of-test.ts';

/** A year: longer than that nobody waits for a look. */
const MOST_EVERY_MS = 365 * 86_400_000;
const LEAST_PER_MS = 60_000;
const MOST_PER_MS = 30 * 86_400_000;
const MOST_RESTARTS = 100;

/** How often and when the watches of a check look, and whether they act. Keys of the whole service are set on the way. */
export function readPace(
  known: Known,
  owner: Known | undefined,
  building: Building,
  { cycleMs, zone }: ServicesContext,
  say: Say,
): Pace {
  const { check } = known;
  let every = 1;
  let hours: string | undefined;
  let isPassive = false;
  let limit: RestartLimit | undefined;
  for (const statement of check.statements) {
    const [first, second] = statement.tokens;
    if (isWord(first, 'every')) {
      const cycles = read(statement.tokens.slice(1)).number();
      const found = second?.kind === 'string' ? cronHours(second.text) : undefined;
      if (cycles !== undefined && cycles >= 1) every = cycles;
      else if (found !== undefined) hours = hoursText(found, zone);
      else say(statement, 'that is a job, or hours that a watch cannot have; it looks all the time');
    } else if (isWord(first, 'not')) {
      const found = statement.tokens[2]?.kind === 'string' ? cronHours(statement.tokens[2].text) : undefined;
      const rest = found === undefined ? undefined : otherHours(found);
      if (found !== undefined && (found.days !== '' || found.to - found.from < 24) && known === owner)
        building.quiet.push({
          when: hoursText(found, zone),
          why: `${check.name} is not watched in Monit then`,
        });
      else if (rest !== undefined) hours = hoursText(rest, zone);
      else say(statement, 'those are no hours that a watch can have: write `quiet`');
    } else if (isWord(first, 'mode')) {
      isPassive ||= isWord(second, 'passive', 'manual');
      if (isWord(second, 'manual') && known === owner) noBoot(building, statement, say);
    } else if (isWord(first, 'onreboot')) {
      if (isWord(second, 'nostart') && known === owner) noBoot(building, statement, say);
    } else if (isWord(first, 'if')) {
      const test = readTest(statement);
      if (test !== undefined && 'restarts' in test && known.started !== undefined) limit = test;
    }
  }
  const everyMs = Math.min(MOST_EVERY_MS, cycleMs * every);
  if (limit !== undefined) {
    const per = Math.min(MOST_PER_MS, Math.max(LEAST_PER_MS, limit.cycles * everyMs));
    building.keys.restart = {
      watches: { most: Math.min(MOST_RESTARTS, limit.restarts), per: formatDuration(per) },
    };
  }
  return {
    everyMs,
    isPassive,
    isService: known.started !== undefined || owner !== undefined,
    ...(hours === undefined ? {} : { hours }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function noBoot({ keys }: Building, statement: Statement, say: Say): void {
  if (keys.unit === undefined) keys.boot = false;
  else say(statement, `systemd starts it at boot: systemctl disable ${keys.unit}`);
}
