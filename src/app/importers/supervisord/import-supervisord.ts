import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { type Drafted, drafted } from '../draft.ts';
import { createSecrets, secretsNotes } from '../environment.ts';
import { mistake } from '../foreign.ts';
import { createNames } from '../service-names.ts';
import { expand } from './expand.ts';
import type { Ini, IniSection } from './ini.ts';
import { programServices, type ProgramContext } from './program.ts';
import { readPairs } from './python-words.ts';
import { readFiles } from './read-files.ts';
import { createSettings, type Settings } from './settings.ts';

export interface SupervisordOptions {
  /** The main file; what it includes is read too. */
  readonly file: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** The environment here, for `%(ENV_X)s` where a value is needed. */
  readonly inherited: NodeJS.ProcessEnv;
}

/** Sections of which Vahti has its own thing, or needs none. */
const OWN_SECTIONS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:unix_http_server|inet_http_server|supervisorctl)$/,
    'the daemon has a control socket of its own, and `vahti` speaks to it',
  ],
  [/^(?:rpcinterface|ctlplugin):/, 'plug-ins of supervisord only run in it'],
];
/** What else the program of a section does that cannot run here. */
const LISTENER = 'it speaks supervisord’s event protocol; restarts, limits and records are Vahti’s own work';
const FASTCGI = 'supervisord opens its socket for it; let the program listen itself, and give it as `run`';

/** Makes a draft of what a config of supervisord runs. Nothing is started. */
export function importSupervisord({ file, folder, inherited }: SupervisordOptions): Drafted {
  const diagnostics: Diagnostic[] = [];
  const outer = Object.entries(inherited).map(([name, value]) => [`ENV_${name}`, value ?? ''] as const);
  const { ini, notes } = readFiles(file, new Map<string, string | number>(outer), diagnostics);
  const base = dirname(resolve(file));
  const secrets = createSecrets();
  const main = ini.get('supervisord') ?? { name: 'supervisord', file, line: 1, options: new Map() };
  const given: [string, string | number][] = [
    ['here', base],
    ['host_node_name', hostname()],
  ];
  const settings = createSettings(
    ini,
    main,
    new Map<string, string | number>([...given, ...outer]),
    diagnostics,
  );
  const environment = globalEnvironment(settings, new Map<string, string | number>([...given, ...outer]));
  const context: ProgramContext = {
    ini,
    base,
    folder,
    inherited,
    main: settings,
    environment,
    given: new Map([
      ...given,
      ...Object.entries(environment).map(([name, value]) => [`ENV_${name}`, value] as const),
    ]),
    names: createNames(),
    secrets,
    diagnostics,
  };
  const groups = groupsOf(ini, diagnostics);
  const programs = [...ini.values()].filter(({ name }) => name.startsWith('program:'));
  if (programs.length === 0 && diagnostics.length === 0)
    diagnostics.push(mistake(file, `cannot import ${file}: it has no [program:NAME]`));
  const services = programs.flatMap((program) => programServices(program, groups.get(program.name), context));
  const all = [...secretsNotes(secrets, file), ...notes, ...sectionNotes(ini), ...mainNotes(settings)];
  return drafted({ notes: all, services }, diagnostics);
}

function globalEnvironment(
  settings: Settings,
  expansions: ReadonlyMap<string, string | number>,
): Record<string, string> {
  const written = settings.raw('environment');
  if (written === undefined) return {};
  const expanded = expand(written, expansions);
  const pairs = expanded.ok ? readPairs(expanded.value) : expanded;
  if (pairs.ok) return pairs.value;
  settings.complain('environment', pairs.error);
  return {};
}

/** Which group each program is in, by the section of the program. */
function groupsOf(ini: Ini, diagnostics: Diagnostic[]): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  const known = [...ini.keys()].flatMap((name) => /^(?:fcgi-)?program:(.+)$/.exec(name)?.[1] ?? []);
  for (const section of ini.values()) {
    if (!section.name.startsWith('group:')) continue;
    const settings = createSettings(ini, section, new Map(), diagnostics);
    const programs = (settings.text('programs') ?? '').split(',').map((each) => each.trim());
    if (programs.join('') === '') settings.complain('programs', 'it names no programs');
    for (const program of programs.filter((each) => each !== '')) {
      if (!known.includes(program))
        settings.complain('programs', `there is no [program:${program}]${didYouMean(program, known)}`);
      groups.set(`program:${program}`, section.name.slice('group:'.length));
    }
  }
  return groups;
}

/** What is said of sections that no service comes from. */
function sectionNotes(ini: Ini): string[] {
  const notes: string[] = [];
  const say = (sections: readonly IniSection[], reason: string): void => {
    if (sections.length > 0)
      notes.push(`not taken over: ${sections.map(({ name }) => `[${name}]`).join(', ')}: ${reason}`);
  };
  const sections = [...ini.values()];
  for (const [pattern, reason] of OWN_SECTIONS)
    say(
      sections.filter(({ name }) => pattern.test(name)),
      reason,
    );
  say(
    sections.filter(({ name }) => name.startsWith('eventlistener:')),
    LISTENER,
  );
  say(
    sections.filter(({ name }) => name.startsWith('fcgi-program:')),
    FASTCGI,
  );
  say(
    sections.filter(({ name }) => name.startsWith('group:')),
    'there are no groups of services; name the services that you mean',
  );
  const known = /^(?:supervisord|include|DEFAULT|(?:program|fcgi-program|eventlistener|group):.+)$/;
  const others = sections.filter(
    ({ name }) => !known.test(name) && !OWN_SECTIONS.some(([own]) => own.test(name)),
  );
  say(others, 'supervisord knows no such section either');
  return notes;
}

/** Options of [supervisord] that became keys of services, or that are looked at elsewhere. */
const USED = new Set(['environment', 'directory', 'user', 'umask', 'minfds', 'nodaemon', 'silent']);

function mainNotes({ names }: Settings): string[] {
  const others = names.filter((name) => !USED.has(name));
  return others.length === 0
    ? []
    : [`not taken over: ${others.join(', ')} of [supervisord]: about supervisord itself`];
}
