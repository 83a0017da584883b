import { dirname, extname, resolve } from 'node:path';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { err, type Result } from '../../../core/result.ts';
import { type Drafted, drafted, type ServiceDraft } from '../draft.ts';
import { createSecrets, secretsNotes } from '../environment.ts';
import { type Foreign, mistake, parseForeign, readForeign } from '../foreign.ts';
import { createNames } from '../service-names.ts';
import { appServices, type AppContext } from './app.ts';
import { evaluateConfig, type EvaluateOptions } from './evaluate.ts';
import { createFields, type Fields } from './fields.ts';

export interface Pm2Options {
  /** The ecosystem file: a program (.js, .cjs, .mjs), JSON, or YAML. */
  readonly file: string;
  /** Which `env_NAME` to take on top of `env`, as `pm2 start --env NAME`. */
  readonly environment?: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** How many processors `instances: max` means. */
  readonly processors: number;
  readonly evaluate: EvaluateOptions;
}

const PROGRAMS = new Set(['.js', '.cjs', '.mjs']);
const DATA = new Set(['.json', '.yaml', '.yml']);
const MOST_APPS = 1_000;

const SIGNALS =
  'PM2 stops an app with SIGINT, and kills it 1.6 s later unless kill_timeout says otherwise; here it gets INT too, and KILL when `stop` is over, 30 s where it says nothing.';
const ENVIRONMENT =
  'PM2 kept the environment of the shell that it was started from. Here a service gets the daemon’s own, and what is under `env`.';

/** Makes a draft of what an ecosystem file of PM2 runs. Nothing is started, but a file that is a program is evaluated. */
export async function importPm2(options: Pm2Options): Promise<Drafted> {
  const { file } = options;
  const read = await readEcosystem(options);
  if (!read.ok) return { draft: undefined, diagnostics: read.error };
  const foreign = read.value;
  const diagnostics: Diagnostic[] = [];
  const apps = appsOf(foreign, file, diagnostics);
  const secrets = createSecrets();
  const context: AppContext = { ...options, base: dirname(resolve(file)), names: createNames(), secrets };
  const all = apps.map(({ app, at, index }) => {
    const label = typeof app['name'] === 'string' ? `apps[${index}] (${app['name']})` : `apps[${index}]`;
    return createFields(app, at, label, { foreign, file, diagnostics });
  });
  checkEnvironment(options, all, diagnostics);
  const services = all.flatMap((fields): readonly ServiceDraft[] => appServices(fields, context));
  const notes = [...secretsNotes(secrets, file), SIGNALS, ENVIRONMENT, ...restOf(foreign.value)];
  return drafted({ notes, services }, diagnostics);
}

async function readEcosystem({ file, evaluate }: Pm2Options): Promise<Result<Foreign, Diagnostic[]>> {
  const extension = extname(file);
  const text = readForeign(file);
  if (!text.ok) return err([text.error]);
  if (DATA.has(extension)) return parseForeign(text.value, file);
  if (!PROGRAMS.has(extension)) {
    const known = [...PROGRAMS, ...DATA].join(', ');
    return err([mistake(file, `cannot import ${file}: PM2 reads files that end in ${known}`)]);
  }
  const value = await evaluateConfig(resolve(file), evaluate);
  // What a program made has no place in its text.
  return value.ok
    ? { ok: true, value: { value: value.value, locate: () => ({ line: 1, column: 1 }) } }
    : err([value.error]);
}

type Map = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The apps: under `apps` (or `pm2`), one or a list of them, or the file itself. */
function appsOf(foreign: Foreign, file: string, diagnostics: Diagnostic[]) {
  const { value } = foreign;
  const key = isMap(value) ? ['apps', 'pm2'].find((each) => value[each] !== undefined) : undefined;
  const root = key === undefined ? [] : [key];
  const found = key === undefined ? value : (value as Map)[key];
  const list = Array.isArray(found) ? (found as unknown[]) : [found];
  if (list.length === 0 || list.length > MOST_APPS)
    diagnostics.push(
      mistake(file, `cannot import ${file}: it has ${list.length} apps`, foreign.locate(root)),
    );
  return list.slice(0, MOST_APPS).flatMap((app, index) => {
    const at = Array.isArray(found) ? [...root, index] : root;
    if (isMap(app)) return [{ app, at, index }];
    diagnostics.push(
      mistake(file, `cannot read apps[${index}]: an app is keys and values`, foreign.locate(at)),
    );
    return [];
  });
}

/** An environment that no app has is most likely misspelt. */
function checkEnvironment(
  { file, environment }: Pm2Options,
  all: readonly Fields[],
  diagnostics: Diagnostic[],
): void {
  if (environment === undefined || all.some(({ environments }) => environments.has(environment))) return;
  const known = [...new Set(all.flatMap(({ environments }) => [...environments.keys()]))];
  const there = known.length === 0 ? 'no app has any env_NAME' : `there are ${known.join(', ')}`;
  diagnostics.push(mistake(file, `cannot take the environment ${environment}: ${there}`));
}

/** What stands beside the apps. */
function restOf(value: unknown): string[] {
  if (!isMap(value)) return [];
  const notes: string[] = [];
  if (value['deploy'] !== undefined)
    notes.push('not taken over: deploy: it copies and builds on other machines; nothing here runs from it');
  if (value['static'] !== undefined)
    notes.push('not taken over: static: PM2 serves these folders itself; run a web server for them');
  return notes;
}
