import { basename, extname, resolve } from 'node:path';
import type { ServiceDraft, ServiceKeys } from '../draft.ts';
import { placeEnvironment, type Secrets } from '../environment.ts';
import { configPath, withoutTilde } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import { serviceName } from '../service-names.ts';
import { appCommand } from './command.ts';
import type { Fields } from './fields.ts';
import { appNotes } from './notes.ts';
import { limits } from './limits.ts';

export interface AppContext {
  /** The folder of the ecosystem file: what its paths are relative to. */
  readonly base: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  readonly environment?: string;
  readonly processors: number;
  readonly names: (name: string) => string;
  readonly secrets: Secrets;
}

const MOST_INSTANCES = 256;

/** The services of one app: one for each of its instances. None where it cannot be read; that is reported. */
export function appServices(fields: Fields, context: AppContext): readonly ServiceDraft[] {
  const cwd = resolve(context.base, withoutTilde(fields.text('cwd') ?? '.'));
  const command = appCommand(fields, cwd);
  const environment = appEnvironment(fields, context.environment);
  const count = instanceCount(fields, context.processors);
  const { keys, notes } = limits(fields, context);
  const said = appNotes(fields, { count, environment: context.environment });
  const wanted = appName(fields);
  if (command === undefined) return [];
  const variable = fields.text('instance_var') ?? 'NODE_APP_INSTANCE';
  return Array.from({ length: count }, (_, index) => {
    const numbered = count === 1 ? wanted : `${wanted}-${index + 1}`;
    const name = context.names(numbered);
    const instance = count === 1 ? {} : { [variable]: String(index) };
    const increment = incremented(fields, environment, index);
    const placed = placeEnvironment(
      name,
      { ...command.env, ...environment, ...instance, ...increment },
      context.secrets,
    );
    const run = placed.words.length === 0 ? command.argv : ['env', ...placed.words, ...command.argv];
    const all = [
      ...(index === 0 ? [...renamed(fields, numbered, name), ...said, ...command.notes, ...notes] : []),
      ...placed.notes,
      ...secretNotes(command.argv),
    ];
    const place = configPath(cwd, cwd, context.folder);
    return {
      name,
      keys: { run, ...(place === '.' ? {} : { cwd: place }), env: placed.env, ...keys } satisfies ServiceKeys,
      notes: all,
    };
  });
}

function appName(fields: Fields): string {
  const script = fields.text('script') ?? 'app';
  const first = script.trim().split(' ')[0] ?? script;
  const name = fields.text('name') ?? basename(first, extname(first));
  const prefix = fields.text('name_prefix');
  return prefix === undefined || name.includes(prefix) ? name : `${prefix}-${name}`;
}

function renamed(fields: Fields, wanted: string, name: string): string[] {
  if (fields.text('name') === undefined || wanted === name) return [];
  return serviceName(wanted) === name
    ? [`${JSON.stringify(wanted)} in PM2: names have small letters here`]
    : [`${JSON.stringify(wanted)} in PM2: that name was taken`];
}

/** How many processes PM2 starts: `max` or 0 are all processors, a negative number all but so many. */
function instanceCount(fields: Fields, processors: number): number {
  const written = fields.raw('instances') === 'max' ? 0 : (fields.number('instances') ?? 1);
  const count = Math.max(1, written > 0 ? Math.trunc(written) : processors + Math.trunc(written));
  if (count <= MOST_INSTANCES) return count;
  fields.complain('instances', `${count} are more than ${MOST_INSTANCES}`);
  return 1;
}

/** `env`, then `port`, then `env_NAME`: what comes later counts. A value that is an object is its JSON. */
function appEnvironment(fields: Fields, name: string | undefined): Record<string, string> {
  const env = { ...variables(fields, 'env', fields.raw('env')) };
  const port = fields.number('port');
  if (port !== undefined) env['PORT'] = String(port);
  if (name !== undefined) Object.assign(env, variables(fields, `env_${name}`, fields.environments.get(name)));
  return env;
}

function variables(fields: Fields, key: string, written: unknown): Record<string, string> {
  if (written === undefined) return {};
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    fields.complain(key, 'it takes names and values');
    return {};
  }
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(written)) {
    if (value === null || (typeof value === 'object' && '$undefined' in value)) continue;
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (text.includes('\0')) fields.complain(key, `the value of ${name} has a NUL character`);
    else env[name] = text;
  }
  return env;
}

/** `increment_var`: one more for each instance. */
function incremented(
  fields: Fields,
  env: Readonly<Record<string, string>>,
  index: number,
): Record<string, string> {
  const name = fields.text('increment_var');
  return name === undefined ? {} : { [name]: String((Number(env[name]) || 0) + index) };
}
