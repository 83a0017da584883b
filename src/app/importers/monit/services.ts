import type { ServiceDraft, ServiceKeys } from '../draft.ts';
import { configPath } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import { addWatch, toldOf } from './add-watch.ts';
import type { Building, Say, ServicesContext } from './building.ts';
import { implicitTest, type Looked } from './conditions.ts';
import { readPace } from './pace.ts';
import { type Known, runKeys } from './service-of-check.ts';
import { placeOf, shownStatement } from './shown.ts';
import type { Statement } from './statements.ts';
import { type RestartLimit, readTest } from './test-statement.ts';
import { isWord } from './tokens.ts';
import { finish, type MadeWatch, makeWatch } from './watch-of-test.ts';

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
  const say: Say = (statement, why) => {
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
  for (const needed of context.placing.otherNeeds(known))
    notes.push(
      `not taken over: ${placeOf(check, context.main)}: ${check.name} depends on ${needed}, which is no service here; its watches hold nobody back`,
    );
  const explicit = new Set<string>();
  for (const statement of check.statements) {
    const test = isWord(statement.tokens[0], 'if') ? readTest(statement) : undefined;
    if (test === undefined || 'restarts' in test) {
      tellOther(statement, test, known, say);
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
function tellOther(
  statement: Statement,
  limit: RestartLimit | undefined,
  { check, started, start }: Known,
  say: Say,
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
