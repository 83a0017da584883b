import { existsSync, readFileSync } from 'node:fs';
import { readMoreConfigs } from '../app/config/config-files.ts';
import { defaultState } from '../app/layout.ts';
import type { LoadedConfig } from '../app/config/load.ts';
import type { Plan } from '../app/plan.ts';
import { formatDiagnostic, sortDiagnostics } from '../core/diagnostics.ts';
import { CommandError } from './exit-codes.ts';
import { colours, say } from './output.ts';

const DEFAULT_FILES = ['vahti.yaml', '/etc/vahti/vahti.yaml'] as const;

/** The config file that a command means: the one it names, or the first default that is there. */
export function findConfig(named: string | undefined): string {
  if (named !== undefined) return named;
  return DEFAULT_FILES.find((file) => existsSync(file)) ?? DEFAULT_FILES[0];
}

/** Prints every mistake and oddity, with the lines they stand in. */
export function printDiagnostics(loaded: LoadedConfig): void {
  for (const diagnostic of sortDiagnostics(loaded.diagnostics)) {
    const text = loaded.texts.get(diagnostic.file);
    const source = text === undefined ? {} : { source: text };
    process.stderr.write(`${formatDiagnostic(diagnostic, { ...source, colour: colours(process.stderr) })}\n`);
  }
}

/**
 * Loads the config or ends the command: all errors at once. Warnings are printed where `warn` is set.
 * @param units whether units of systemd run it, where that is known.
 */
export async function requirePlan(
  named: string | undefined,
  warn: boolean,
  units?: boolean,
): Promise<{ plan: Plan; loaded: LoadedConfig }> {
  const loaded = await load(findConfig(named), units);
  if (loaded.plan === undefined) {
    printDiagnostics(loaded);
    const errors = loaded.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    throw new CommandError(
      'usage',
      `cannot use ${loaded.file}: ${errors} ${errors === 1 ? 'error' : 'errors'}`,
    );
  }
  if (warn) printDiagnostics(loaded);
  return { plan: loaded.plan, loaded };
}

/** Loaded here, so that the small commands start fast. */
async function load(file: string, units?: boolean): Promise<LoadedConfig> {
  const { loadConfig } = await import('../app/config/load.ts');
  return loadConfig(file, units);
}

/** Whether a config surely leaves the state folder where it is by default: it has no such word, written out or escaped. */
function leavesState(file: string): boolean {
  try {
    const texts = [readFileSync(file, 'utf8'), ...readMoreConfigs(file).map(({ text }) => text)];
    return texts.every((text) => !text.includes('state') && !text.includes('\\'));
  } catch {
    return false;
  }
}

/**
 * The state folder that a command speaks to. A broken config must not keep anybody from stopping a daemon,
 * so where it can't be resolved the default beside it is taken.
 */
export async function findState(named: string | undefined): Promise<string> {
  const file = findConfig(named);
  if (leavesState(file)) return defaultState(file);
  const loaded = await load(file);
  if (loaded.plan !== undefined) return loaded.plan.state;
  say(
    `${loaded.file} has errors (vahti check shows them); looking for the daemon in the default state folder`,
  );
  return defaultState(loaded.file);
}

/** The plan of a config, where it can be used; nothing is said of its mistakes. */
export async function findPlan(named: string | undefined): Promise<Plan | undefined> {
  return (await load(findConfig(named))).plan;
}
