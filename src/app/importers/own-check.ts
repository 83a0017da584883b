import { parse } from 'yaml';
import { type Diagnostic, sortDiagnostics } from '../../core/diagnostics.ts';
import { validate } from '../../core/validate.ts';
import { parseYaml } from '../../core/yaml-source.ts';
import { resolveConfig } from '../config/resolve.ts';
import { config } from '../config/schema.ts';
import { configText } from './config-text.ts';
import type { Draft, JobDraft, ServiceDraft } from './draft.ts';

export interface Written {
  readonly text: string;
  /** What `vahti check` refuses here, for reasons of this machine: users and folders that it does not have. */
  readonly here: readonly Diagnostic[];
}

/** Which keys depend on the machine: whether a user exists and may be become, a folder is there, a limit can be raised. */
const OF_THE_MACHINE = ['user', 'cwd', 'open-files'] as const;

/**
 * Writes a draft, and has the real parser read it as `vahti check` would.
 * @param file where the config is going to stand: its paths are relative to it.
 * @throws Error where the parser refuses it, or reads something else than was meant: that is a bug of the importer.
 */
export async function writeChecked(draft: Draft, made: string, file: string): Promise<Written> {
  const text = configText(draft, made);
  const source = parseYaml(text, file);
  const checked = validate(config, source, file);
  const resolved = checked.rest === undefined ? undefined : await resolveConfig(checked.rest, source, file);
  const found = [...source.diagnostics, ...checked.diagnostics, ...(resolved?.diagnostics ?? [])];
  const errors = sortDiagnostics(found.filter(({ severity }) => severity === 'error'));
  const places = new Set(
    [
      ...draft.services.map(({ name }) => ['services', name]),
      ...(draft.jobs ?? []).map(({ name }) => ['jobs', name]),
    ].flatMap((at) => OF_THE_MACHINE.map((key) => place(source.locate([...at, key], 'value')))),
  );
  const bug = errors.find((error) => !places.has(place(error)));
  if (bug !== undefined)
    throw new Error(`cannot write a config that can be used: ${bug.message} in\n${text}`);
  if (canonical(parse(text)) !== canonical(meantBy(draft)))
    throw new Error(`cannot write this config:\n${text}`);
  return { text, here: errors };
}

/** A draft as the config that it means. */
function meantBy({ zone, notify, defaults, hub, services, jobs = [] }: Draft): object {
  const byName = (drafts: readonly (ServiceDraft | JobDraft)[]): object =>
    Object.fromEntries(drafts.map(({ name, keys }) => [name, keys]));
  return {
    zone,
    notify,
    defaults,
    hub,
    ...(services.length === 0 && jobs.length > 0 ? {} : { services: byName(services) }),
    ...(jobs.length === 0 ? {} : { jobs: byName(jobs) }),
  };
}

function place({ line, column }: { readonly line: number; readonly column: number }): string {
  return `${line}:${column}`;
}

const EMPTY_LEFT_OUT = ['env', 'notify'];

/** JSON with sorted keys, empty maps left out as they are not written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const pairs = Object.entries(item).filter(
      ([key, inner]) =>
        !EMPTY_LEFT_OUT.includes(key) ||
        Array.isArray(inner) ||
        Object.keys((inner ?? {}) as object).length > 0,
    );
    return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
