import { resolve } from 'node:path';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import type { ServiceDraft } from '../draft.ts';
import { placeEnvironment, type Secrets } from '../environment.ts';
import { configPath, withoutTilde } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import { readCommand } from './command.ts';
import { expand, type Expansions } from './expand.ts';
import type { Ini, IniSection } from './ini.ts';
import { programKeys, programNotes } from './program-keys.ts';
import { readPairs } from './python-words.ts';
import { createSettings, type Settings } from './settings.ts';

export interface ProgramContext {
  readonly ini: Ini;
  /** The folder of the main file. */
  readonly base: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  readonly inherited: NodeJS.ProcessEnv;
  /** [supervisord]. */
  readonly main: Settings;
  /** What [supervisord] sets for every program. */
  readonly environment: Readonly<Record<string, string>>;
  /** Expansions that hold everywhere; of variables only those that the config sets itself. */
  readonly given: Expansions;
  readonly names: (name: string) => string;
  readonly secrets: Secrets;
  readonly diagnostics: Diagnostic[];
}

const MOST_PROCESSES = 256;

/** The services of a [program:x]: one for each of its processes. What cannot be read is reported. */
export function programServices(
  section: IniSection,
  group: string | undefined,
  context: ProgramContext,
): readonly ServiceDraft[] {
  const program = section.name.slice('program:'.length).trim();
  const said = new Set<string>();
  const settingsOf = (more: readonly (readonly [string, string | number])[]): Settings => {
    const outer = Object.entries(context.inherited).map(
      ([name, value]) => [`ENV_${name}`, value ?? ''] as const,
    );
    const all = new Map<string, string | number>([...outer, ...context.given, ...more]);
    return createSettings(context.ini, section, all, context.diagnostics, said);
  };
  const common: [string, string | number][] = [
    ['program_name', program],
    ['group_name', group ?? program],
  ];
  const whole = settingsOf(common);
  if (/[ :/]/.test(program)) whole.complain('its name', 'supervisord takes no blank, colon or slash in it');
  const count = processCount(whole);
  const first = whole.whole('numprocs_start') ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const numbers = [...common, ['process_num', first + index], ['numprocs', count]] as const;
    return oneService({ program, index, count, numbers, settings: settingsOf(numbers) }, context);
  }).filter((service) => service !== undefined);
}

function processCount(settings: Settings): number {
  const count = settings.whole('numprocs') ?? 1;
  if (count > MOST_PROCESSES || count < 0)
    settings.complain('numprocs', `${count} is not from 0 to ${MOST_PROCESSES}`);
  const named = settings.raw('process_name') ?? '';
  if (count > 1 && !named.includes('%(process_num)'))
    settings.complain(
      settings.has('process_name') ? 'process_name' : 'numprocs',
      'process_name needs %(process_num) in it when there are several processes',
    );
  return Math.max(0, Math.min(count, MOST_PROCESSES));
}

interface OneProcess {
  readonly program: string;
  readonly index: number;
  readonly count: number;
  readonly numbers: readonly (readonly [string, string | number])[];
  readonly settings: Settings;
}

function oneService(
  { program, index, count, numbers, settings }: OneProcess,
  context: ProgramContext,
): ServiceDraft | undefined {
  const { base, folder, inherited, given, main, secrets } = context;
  const known = new Map<string, string | number>([...given, ...numbers]);
  const own = readEnvironment(settings, known, inherited);
  for (const [name, value] of Object.entries(own.env)) known.set(`ENV_${name}`, value);
  const processName = settings.text('process_name') ?? program;
  const umask = settings.octal('umask') ?? main.octal('umask');
  const written = settings.raw('command');
  if (written === undefined) settings.complain('command', 'there is none');
  const command = written === undefined ? undefined : readCommand(written, known, umask, inherited);
  if (command?.ok === false) settings.complain('command', command.error);
  const keys = programKeys(settings, main);
  const directory = settings.text('directory') ?? main.text('directory');
  const notes = programNotes(settings, count);
  if (command?.ok !== true) return undefined;
  const name = context.names(
    count > 1 && !processName.includes(program) ? `${program}-${processName}` : processName,
  );
  const {
    env,
    words,
    notes: environmentNotes,
  } = placeEnvironment(name, { ...context.environment, ...own.env }, secrets, own.references);
  const cwd = configPath(withoutTilde(directory ?? defaultDirectory(base)), base, folder);
  const run = words.length === 0 ? command.value.argv : ['env', ...words, ...command.value.argv];
  const { variables } = command.value;
  const all = [
    ...(name === processName ? [] : [`${JSON.stringify(processName)} in supervisord`]),
    ...(index === 0 ? notes : []),
    ...environmentNotes,
    ...(variables.length === 0
      ? []
      : [`look: its command takes ${variables.join(', ')} from the daemon’s environment`]),
    ...secretNotes(command.value.argv),
  ];
  return {
    name,
    keys: { run, ...(resolve(folder, cwd) === folder ? {} : { cwd }), env, ...keys },
    notes: all,
  };
}

/** Where supervisord’s programs run when nothing is said: where it was started itself, which for a system’s own is `/`. */
function defaultDirectory(base: string): string {
  return base === '/etc' || base.startsWith('/etc/') ? '/' : base;
}

/** `environment=`, and which variables just hand on one of supervisord’s own environment: `A="%(ENV_B)s"`. */
function readEnvironment(settings: Settings, known: Expansions, inherited: NodeJS.ProcessEnv) {
  const references = new Map<string, string>();
  const written = settings.raw('environment');
  if (written === undefined) return { env: {}, references };
  const marked = written.replace(/%\(ENV_([A-Za-z_]\w*)\)s/g, (whole, name: string) =>
    known.has(`ENV_${name}`) ? whole : `\ue000${name}\ue001`,
  );
  const expanded = expand(marked, known);
  const pairs = expanded.ok ? readPairs(expanded.value) : expanded;
  if (!pairs.ok) {
    settings.complain('environment', pairs.error);
    return { env: {}, references };
  }
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(pairs.value)) {
    const [, alone] = /^\ue000(\w+)\ue001$/.exec(value) ?? [];
    if (alone !== undefined) references.set(name, alone);
    env[name] = value.replace(/\ue000(\w+)\ue001/g, (_, outer: string) => {
      const found = inherited[outer];
      if (found === undefined && alone === undefined)
        settings.complain(
          'environment',
          `${name} needs ${outer}, which is not set here: ${outer}=… vahti import …`,
        );
      return found ?? '';
    });
  }
  return { env, references };
}
