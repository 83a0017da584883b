import { formatDuration } from '../../../core/durations.ts';
import type { Keys, ServiceDraft, ServiceKeys } from '../draft.ts';
import type { Secrets } from '../environment.ts';
import { configPath } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import type { Channels } from './channels.ts';
import { type Looked, implicitTest } from './conditions.ts';
import type { Placing } from './placing.ts';
import { read } from './reading.ts';
import { type Known, runKeys } from './service-of-check.ts';
import { placeOf, shownStatement } from './shown.ts';
import type { Statement } from './statements.ts';
import { type RestartLimit, readTest } from './test-statement.ts';
import { cronHours, hoursText, otherHours } from './times.ts';
import { isWord } from './tokens.ts';
import { finish, type MadeWatch, makeWatch, type Pace } from './watch-of-test.ts';

export interface ServicesContext {
  /** The control file that the others are included in. */
  readonly main: string;
  readonly folder: string;
  readonly zone: string;
  readonly memory: number;
  readonly mounts: string;
  readonly cycleMs: number;
  readonly secrets: Secrets;
  readonly channels: Channels;
  readonly placing: Placing;
  /** The names of services, by the checks that they are named after. */
  readonly names: ReadonlyMap<Known, string>;
}

/** A service that is being put together of checks. */
interface Building {
  readonly name: string;
  readonly keys: ServiceKeys;
  readonly notes: string[];
  readonly watches: Map<string, Keys>;
  readonly env: Record<string, string>;
  readonly quiet: { readonly when: string; readonly why: string }[];
}

/** A year: longer than that nobody waits for a look. */
const MOST_EVERY_MS = 365 * 86_400_000;
const LEAST_PER_MS = 60_000;
const MOST_PER_MS = 30 * 86_400_000;
const MOST_RESTARTS = 100;

/** Makes a service of its checks. @param owner the check that says what runs; without one the service only holds watches. */
export function draftService(
  owner: Known | undefined,
  checks: readonly Known[],
  context: ServicesContext,
): ServiceDraft {
  const name = owner === undefined ? 'host' : (context.names.get(owner) ?? 'host');
  const run = owner === undefined ? { keys: { run: ['sleep', 'infinity'] }, notes: [] } : runKeys(owner);
  const building: Building = { name, keys: run.keys, notes: [], watches: new Map(), env: {}, quiet: [] };
  if (owner !== undefined && owner.check.name !== name)
    building.notes.push(`${JSON.stringify(owner.check.name)} in Monit`);
  building.notes.push(...run.notes, ...secretNotes(run.keys.run ?? []));
  for (const known of checks) addCheck(known, owner, building, context);
  const needs =
    owner === undefined
      ? []
      : context.placing.needsOf(owner).flatMap((each) => context.names.get(each) ?? []);
  const { cwd } = run.keys;
  const { env, watches, quiet, notes } = building;
  const keys: ServiceKeys = {
    ...building.keys,
    ...(cwd === undefined ? {} : { cwd: configPath(cwd, '/', context.folder) }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(needs.length === 0 ? {} : { needs }),
    ...(quiet.length === 0 ? {} : { quiet }),
    ...(watches.size === 0 ? {} : { watch: Object.fromEntries(watches) }),
  };
  return { name, keys, notes };
}

function addCheck(
  known: Known,
  owner: Known | undefined,
  building: Building,
  context: ServicesContext,
): void {
  const { check, subject } = known;
  const { notes } = building;
  const isOwn = known.started !== undefined;
  const say = (statement: Statement, why: string): void => {
    notes.push(`not taken over: ${placeOf(statement, context.main)}: ${shownStatement(statement)}: ${why}`);
  };
  const add = (made: MadeWatch, at: Statement): void => addWatch(made, at, known, owner, building, context);
  const looked: Looked = {
    type: check.type,
    subject,
    isService: isOwn,
    memory: context.memory,
    mounts: context.mounts,
  };
  const pace = readPace(known, owner, building, context, say);
  if (subject.text === '' && check.type !== 'system') {
    say({ ...check, tokens: check.header }, `what ${check.name} looks at cannot be read`);
    return;
  }
  const told = known === owner ? toldOf(known, context.channels) : undefined;
  if (told !== undefined) building.keys.notify = told;
  for (const other of context.placing.otherNeeds(known))
    notes.push(
      `not taken over: ${placeOf(check, context.main)}: ${check.name} depends on ${other}, which is no service here; its watches hold nobody back`,
    );
  const explicit = new Set<string>();
  for (const statement of check.statements) {
    const test = isWord(statement.tokens[0], 'if') ? readTest(statement) : undefined;
    if (test === undefined || 'restarts' in test) {
      other(statement, test, known, say);
      continue;
    }
    if (test.condition.some((token) => isWord(token, 'exist', 'exists'))) explicit.add('exists');
    const made = makeWatch(test, known, looked, pace);
    if ('kind' in made) {
      if (made.kind === 'left') say(statement, made.why);
    } else add(made, statement);
  }
  const implicit = implicitTest(looked);
  const covers = [...building.watches.values()].some(({ files, fresh }) => (files ?? fresh) === subject.text);
  if (implicit?.kind === 'watch' && !explicit.has('exists') && !covers) {
    const action = check.type === 'process' || known.start !== undefined ? 'restart' : 'alert';
    const test = { times: 1, of: 1, action: { kind: action } } as const;
    add({ ...finish(implicit, test, known, pace), notes: [] }, { ...check, tokens: [] });
  }
}

/** Statements that are no tests. */
function other(
  statement: Statement,
  limit: RestartLimit | undefined,
  { check, started, start }: Known,
  say: (statement: Statement, why: string) => void,
): void {
  const [first, second] = statement.tokens;
  if (limit !== undefined) {
    if (started === undefined) return say(statement, 'there is no service to restart');
    if (limit.action.kind === 'unmonitor')
      say(statement, '`unmonitor`: no ladder gives up; it pages, and restarts again when the budget is back');
    return;
  }
  if (isWord(first, 'if')) return say(statement, 'it cannot be read');
  // Read with the service, or with the channels.
  if (isWord(first, 'depends', 'depend', 'every', 'not', 'alert', 'noalert')) return;
  if (isWord(first, 'start', 'stop', 'restart')) {
    const isUnit = started?.kind === 'unit';
    if (isWord(first, 'restart') && started?.kind === 'run')
      return say(statement, 'a restart is a stop and a start');
    if (!isUnit && started === undefined && start === undefined)
      say(statement, `${check.name} has no start program: it is no service here`);
    return;
  }
  if (isWord(first, 'group')) return say(statement, 'there are no groups; name the services that you mean');
  if (isWord(first, 'mode')) {
    if (!isWord(second, 'active', 'passive', 'manual')) say(statement, 'Monit knows no such mode either');
    return;
  }
  if (isWord(first, 'onreboot')) {
    if (isWord(second, 'laststate'))
      say(
        statement,
        'what a person stopped stays stopped until the machine boots; `vahti disable` outlasts that',
      );
    return;
  }
  say(statement, isWord(first, 'ignore') ? 'a pattern has to leave it out itself' : 'it cannot be read');
}

/** How often and when the watches of a check look, and whether they act. Keys of the whole service are set on the way. */
function readPace(
  known: Known,
  owner: Known | undefined,
  building: Building,
  { cycleMs, zone }: ServicesContext,
  say: (statement: Statement, why: string) => void,
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

function noBoot(
  { keys }: Building,
  statement: Statement,
  say: (statement: Statement, why: string) => void,
): void {
  if (keys.unit === undefined) keys.boot = false;
  else say(statement, `systemd starts it at boot: systemctl disable ${keys.unit}`);
}

function addWatch(
  { name, keys, secrets, notes }: MadeWatch,
  statement: Statement,
  known: Known,
  owner: Known | undefined,
  building: Building,
  { main, channels, secrets: all }: ServicesContext,
): void {
  const { check } = known;
  const kinds = ['memory', 'cpu', 'fresh', 'http'];
  const of = check.type === 'system' ? 'system' : check.name;
  const wanted =
    known === owner
      ? name
      : `${of
          .replace(/[^A-Za-z0-9._-]+/g, '-')
          .replace(/^[._-]+/, '')
          .slice(0, 40)}-${name}`.replace(/^-/, '');
  let free = wanted;
  for (let number = 2; building.watches.has(free); number++) free = `${wanted}-${number}`;
  const kept = Object.fromEntries(
    Object.entries(secrets).map(([header, value]) => [header, all.keep(building.name, header, value)]),
  );
  for (const variable of Object.values(kept)) building.env[variable] = `$${variable}`;
  const headers = keys['headers'];
  const renamed =
    typeof headers === 'object'
      ? {
          headers: Object.fromEntries(
            Object.entries(headers).map(([key, value]) => [key, renamedReference(String(value), kept)]),
          ),
        }
      : {};
  const told = known === owner ? undefined : toldOf(known, channels);
  const nested = kinds.find((kind) => kind === name && free !== kind && !Object.hasOwn(keys, kind));
  const written: Keys = nested === undefined ? { ...keys, ...renamed } : withKind(nested, keys);
  building.watches.set(free, { ...written, ...(told === undefined ? {} : { notify: told }) });
  for (const note of notes) building.notes.push(`look: ${placeOf(statement, main)}: ${free}: ${note}`);
}

function renamedReference(value: string, kept: Readonly<Record<string, string>>): string {
  const variable = value.startsWith('$') ? kept[value.slice(1)] : undefined;
  return variable === undefined ? value : `$${variable}`;
}

/** A watch that is not named as its kind has the kind as a key. */
function withKind(kind: string, keys: Keys): Keys {
  const main = { memory: 'max', cpu: 'max', fresh: 'files', http: 'url' }[kind] ?? kind;
  const { [main]: value, ...rest } = keys;
  return value === undefined ? keys : { [kind]: value, ...rest };
}

/** Who hears of a check, where that is not everybody. */
function toldOf({ check }: Known, { ofAll, nameOf }: Channels): readonly string[] | undefined {
  const named = (word: string): readonly string[] =>
    check.statements
      .filter(({ tokens }) => isWord(tokens[0], word))
      .flatMap(({ tokens }) => nameOf(tokens[1]?.text ?? '') ?? []);
  const [more, less] = [named('alert'), named('noalert')];
  if (more.length === 0 && less.length === 0) return undefined;
  return [...new Set([...ofAll, ...more])].filter((name) => !less.includes(name));
}
