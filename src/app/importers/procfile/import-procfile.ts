import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { parseEnvFile } from '../../../core/env-file.ts';
import { type Drafted, drafted, type ServiceDraft } from '../draft.ts';
import { createSecrets, placeEnvironment, type Secrets, secretsNotes } from '../environment.ts';
import { mistake, readForeign } from '../foreign.ts';
import { configPath } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import { createNames } from '../service-names.ts';
import { shellArgv } from '../shell-line.ts';
import { readDotenv } from './dotenv.ts';
import { type ProcfileLine, readFormation, readLines, RELEASE } from './lines.ts';

export interface ProcfileOptions {
  readonly file: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** How many of each: `web=2,all=1`, as `foreman start -m`. */
  readonly formation?: string;
  /** The port of the first process; by default PORT of the environment file, else 5000. */
  readonly port?: number;
  /** The environment file; by default `.env` beside the Procfile, where there is one. */
  readonly environment?: string;
}

const DEFAULT_PORT = 5_000;
const HIGHEST_PORT = 65_535;

/** Makes a draft of what a Procfile runs, with the ports that foreman gives. Nothing is started. */
export function importProcfile(options: ProcfileOptions): Drafted {
  const { file, folder } = options;
  const diagnostics: Diagnostic[] = [];
  const text = readForeign(file);
  if (!text.ok) return { draft: undefined, diagnostics: [text.error] };
  const lines = readLines(text.value, file, diagnostics);
  const base = dirname(resolve(file));
  const beside = options.environment ?? join(dirname(file), '.env');
  const there = options.environment !== undefined || existsSync(beside);
  const { variables, sameForUs } = there ? readEnvironment(beside, diagnostics) : NO_FILE;
  const formation = readFormation(options.formation, lines, file, diagnostics);
  const context: Context = {
    variables: sameForUs ? {} : variables,
    ...(sameForUs ? { file: configPath(resolve(beside), base, folder) } : {}),
    cwd: configPath(base, base, folder),
    names: createNames(),
    secrets: createSecrets(),
  };
  const first = options.port ?? portOf(variables['PORT']) ?? DEFAULT_PORT;
  const services = lines.flatMap((line, index): readonly ServiceDraft[] => {
    const count = formation.get(line.name) ?? 0;
    const port = first + 100 * index;
    const highest = port + count - 1;
    if (count > 0 && highest > HIGHEST_PORT) {
      const message = `cannot give ${line.name} the port ${highest}: ports end at ${HIGHEST_PORT}`;
      diagnostics.push(mistake(file, message, { line: line.line, column: 1 }));
    }
    return Array.from({ length: count }, (_, instance) =>
      oneService(line, { port, instance, count }, context),
    );
  });
  const notes = [...secretsNotes(context.secrets, there ? beside : file), ...leftOut(lines, formation)];
  return drafted({ notes, services }, diagnostics);
}

interface Context {
  /** What the environment file says, where it cannot be taken as it is. */
  readonly variables: Readonly<Record<string, string>>;
  /** The environment file, where it can. */
  readonly file?: string;
  readonly cwd: string;
  readonly names: (name: string) => string;
  readonly secrets: Secrets;
}

function oneService(
  { name, command }: ProcfileLine,
  { port, instance, count }: { readonly port: number; readonly instance: number; readonly count: number },
  { variables, file, cwd, names, secrets }: Context,
): ServiceDraft {
  const own = names(count === 1 ? name : `${name}-${instance + 1}`);
  const label = /\bPS\b/.test(command) ? { PS: `${name}.${instance + 1}` } : {};
  const { env, words, notes } = placeEnvironment(
    own,
    { ...variables, PORT: String(port + instance), ...label },
    secrets,
  );
  const argv = shellArgv(command);
  const run = words.length === 0 ? argv : ['env', ...words, ...argv];
  const renamed = count === 1 && own !== name;
  return {
    name: own,
    keys: { run, ...(cwd === '.' ? {} : { cwd }), env, ...(file === undefined ? {} : { 'env-file': file }) },
    notes: [
      ...(renamed ? [`${JSON.stringify(name)} in the Procfile: names have small letters here`] : []),
      ...notes,
      ...secretNotes(argv),
    ],
  };
}

interface EnvironmentFile {
  readonly variables: Readonly<Record<string, string>>;
  /** As `env-file` it means the very same here: the secrets in it stay where they are. */
  readonly sameForUs: boolean;
}

const NO_FILE: EnvironmentFile = { variables: {}, sameForUs: false };

function readEnvironment(file: string, diagnostics: Diagnostic[]): EnvironmentFile {
  const text = readForeign(file);
  if (!text.ok) {
    diagnostics.push(text.error);
    return NO_FILE;
  }
  const variables = readDotenv(text.value);
  const ours = parseEnvFile(text.value);
  const ownNames = Object.keys(variables).some((name) => name.startsWith('VAHTI_LIFE'));
  return { variables, sameForUs: ours.ok && !ownNames && isDeepStrictEqual(ours.value, variables) };
}

function portOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function leftOut(lines: readonly ProcfileLine[], formation: ReadonlyMap<string, number>): string[] {
  const left = lines.map(({ name }) => name).filter((name) => formation.get(name) === 0);
  const others = left.filter((name) => name !== RELEASE);
  return [
    ...(left.includes(RELEASE)
      ? [
          `not taken over: ${RELEASE}: it is run once for each deployment, and is no service; -m ${RELEASE}=1 takes it all the same`,
        ]
      : []),
    ...(others.length === 0 ? [] : [`not taken over: ${others.join(', ')}: the formation has none`]),
  ];
}
