import type { Diagnostic } from '../../core/diagnostics.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { parseYaml, type YamlSource } from '../../core/yaml-source.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Notes } from '../config/notes.ts';
import { BUILT_IN } from '../config/schema.ts';
import { resolveWatches } from '../config/watches.ts';
import { dirname } from 'node:path';
import { parseConfigs } from '../config/merge.ts';
import { dataFolder } from '../layout.ts';
import type { Plan, PlannedService, PlannedWatch } from '../plan.ts';

/** Which watch is to be tried, as it was written. */
export interface Wanted {
  readonly service: string;
  /** A watch of the config; undefined where `text` says what is meant. */
  readonly watch: string | undefined;
  /** A watch as it would stand in the config: `fresh: { files: …, within: 60s }`. */
  readonly text: string | undefined;
  /** What is to be different: `within=60s`. */
  readonly sets: readonly string[];
}

export interface TriedWatch {
  readonly service: PlannedService;
  /** As it is tried. */
  readonly watch: PlannedWatch;
  /** The one of that name in the config; undefined where there is none. */
  readonly configured: PlannedWatch | undefined;
}

/** Why there is nothing to try: a name that nobody has, or what is written is wrong. */
export interface TryMistake {
  readonly kind: 'unknown' | 'usage';
  /** One line for each mistake. */
  readonly message: string;
}

/** Finds the watch that is to be tried, and brings what is to be different into it. The plan must be of the config. */
export function findTried(
  { texts }: Pick<LoadedConfig, 'texts'>,
  plan: Plan,
  wanted: Wanted,
): Result<TriedWatch, TryMistake> {
  const service = plan.services.find(({ name }) => name === wanted.service);
  if (service === undefined) {
    const known = plan.services.map(({ name }) => name);
    return unknown(`a service "${wanted.service}"`, wanted.service, known);
  }
  const { watch: watches = [] } = service;
  const configured = watches.find(({ name }) => name === wanted.watch);
  if (configured === undefined && wanted.text === undefined) {
    const { watch: name = '' } = wanted;
    return unknown(
      `a watch "${name}" of ${service.name}`,
      name,
      watches.map((watch) => watch.name),
    );
  }
  if (configured !== undefined && wanted.text === undefined && wanted.sets.length === 0)
    return ok({ service, watch: configured, configured });
  const config = parseConfigs([...texts].map(([file, text]) => ({ file, text }))).value;
  const source = wanted.text === undefined ? undefined : parseYaml(wanted.text, 'the watch');
  const [mistake] = source?.diagnostics ?? [];
  if (mistake !== undefined) return usage(`${mistake.message} (column ${mistake.column})`);
  const name = wanted.watch ?? nameOf(source?.value);
  const written = source === undefined ? at(config, ['services', service.name, 'watch', name]) : source.value;
  const keys = withSets(name, written, wanted.sets);
  if (!keys.ok) return usage(keys.error);
  const zone = at(config, ['zone']);
  const notes = createNotes(plan, source);
  const watched = { [name]: keys.value };
  const [watch] = resolveWatches(
    notes,
    service.name,
    watched,
    service.kind,
    typeof zone === 'string' ? zone : BUILT_IN.zone,
  );
  const errors = notes.diagnostics.filter(({ severity }) => severity === 'error');
  if (watch === undefined || errors.length > 0)
    return usage(errors.map((error) => mistakeText(error, source)).join('\n'));
  return ok({ service, watch, configured });
}

function usage(message: string): Result<never, TryMistake> {
  return err({ kind: 'usage', message });
}

function unknown(what: string, name: string, known: readonly string[]): Result<never, TryMistake> {
  const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return err({ kind: 'unknown', message: `cannot find ${what}${didYouMean(name, known)} (${others})` });
}

/** What stands at a path of plain data. */
function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

/** A watch that is not in the config is called as its kind. */
function nameOf(written: unknown): string {
  const found = WATCH_KINDS.find(({ kind }) => at(written, [kind]) !== undefined);
  return found?.kind ?? 'trial';
}

const SET = /^([a-z][a-z-]*)=(.*)$/s;

/** A watch as it is written, with what is to be different. */
function withSets(name: string, written: unknown, sets: readonly string[]): Result<unknown, string> {
  if (sets.length === 0) return ok(written);
  const isMap = typeof written === 'object' && written !== null && !Array.isArray(written);
  // `beat: 2m`: a watch that is named as its kind.
  const keys = new Map(
    isMap ? Object.entries(written) : written === undefined || written === null ? [] : [[name, written]],
  );
  for (const set of sets) {
    const [, key, value] = SET.exec(set) ?? [];
    if (key === undefined || value === undefined)
      return err(`cannot read --set ${set}: write KEY=VALUE, such as within=60s`);
    // What comes last holds, wherever the key stood.
    keys.delete(key);
    keys.set(key, valueOf(value));
  }
  return ok(Object.fromEntries(keys));
}

/** A value as a person writes it behind a `=`: lists and maps as in YAML, whole numbers, else text. */
function valueOf(text: string): unknown {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!/^[[{]/.test(trimmed)) return trimmed;
  const { value, diagnostics } = parseYaml(trimmed, '');
  return diagnostics.length === 0 ? value : trimmed;
}

function createNotes(plan: Plan, source: YamlSource | undefined): Notes {
  const nowhere = { line: 1, column: 1 };
  return {
    source: {
      value: undefined,
      // Behind services, NAME, watch, NAME the path goes on in the text.
      locate: (path, what) => source?.locate(path.slice(4), what) ?? nowhere,
    },
    file: 'the watch',
    folder: dirname(plan.file),
    data: dataFolder(plan.file),
    anyUser: true,
    origins: new Map(),
    diagnostics: [],
  };
}

function mistakeText({ message, column }: Diagnostic, source: YamlSource | undefined): string {
  return source === undefined ? message : `${message} (column ${column})`;
}
