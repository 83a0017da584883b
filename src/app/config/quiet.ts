import { didYouMean } from '../../core/suggest.ts';
import { parseWindow } from '../../core/windows.ts';
import type { QuietConfig } from '../../core/quiet-config.ts';
import type { PlannedQuiet } from '../plan.ts';
import { type Notes, report } from './notes.ts';
import type { Config } from './schema.ts';

/** A window of the whole config, and the services that it is for; undefined where it is for everything. */
interface Resolved extends PlannedQuiet {
  readonly services: readonly string[] | undefined;
}

/** Part of a plan. */
interface Quiet {
  readonly quiet?: readonly PlannedQuiet[];
}

/** The windows of a config. */
export interface ResolvedQuiet {
  /** Those that are for everything. */
  readonly ofAll: Quiet;
  /** Those that are for a service, with its own. */
  of(name: string, own: QuietConfig | undefined): Quiet;
}

/**
 * Reads the windows of a config; what is wrong with them is told.
 * @param zone of windows that name none.
 */
export function createQuiet(notes: Notes, { quiet, services = {} }: Config, zone: string): ResolvedQuiet {
  const known = Object.keys(services);
  const read = (at: readonly string[], written: QuietConfig = []): readonly Resolved[] =>
    written.flatMap((each, index) => readWindow(notes, [...at, index], each, zone, known) ?? []);
  const all = read(['quiet'], quiet);
  return {
    ofAll: part(all.filter((each) => each.services === undefined)),
    of: (name, own) =>
      part([
        ...all.filter((each) => each.services?.includes(name) ?? true),
        ...read(['services', name, 'quiet'], own),
      ]),
  };
}

function part(windows: readonly Resolved[]): Quiet {
  const quiet = windows.map(({ window, why }) => ({ window, why }));
  return quiet.length === 0 ? {} : { quiet };
}

function readWindow(
  notes: Notes,
  at: readonly (string | number)[],
  { when, why, services: patterns }: QuietConfig[number],
  zone: string,
  known: readonly string[],
): Resolved | undefined {
  // That it can be read the schema has found out, so that mistakes in the list are told together.
  const window = parseWindow(when, zone);
  const services = patterns?.flatMap((pattern, index) => {
    const found = known.filter((name) => matches(pattern, name));
    const message = `cannot find a service for "${pattern}"${didYouMean(pattern, known)}`;
    if (found.length === 0) report(notes, 'error', [...at, 'services', index], 'value', message);
    return found;
  });
  return window.ok ? { window: window.value, why, services } : undefined;
}

/** Whether a name fits a pattern of which `*` is any text and `?` any character. */
function matches(pattern: string, name: string): boolean {
  const form = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('?', '.')
    .replace(/\*+/g, '.*');
  return new RegExp(`^${form}$`).test(name);
}
