import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../../core/diagnostics.ts';
import { asError, errorCode } from '../../core/result.ts';
import { validate } from '../../core/validate.ts';
import { isInstalledConfig } from '../layout.ts';
import type { Origins, Plan } from '../plan.ts';
import { type ConfigFile, readMoreConfigs } from './config-files.ts';
import { parseConfigs } from './merge.ts';
import { resolveConfig } from './resolve.ts';
import { config } from './schema.ts';

/** What a config file says: a plan where it can be used, and every mistake and oddity in it. */
export interface LoadedConfig {
  readonly file: string;
  /** The text of each of its files, for showing lines of it. */
  readonly texts: ReadonlyMap<string, string>;
  /** Undefined where there is any error. */
  readonly plan: Plan | undefined;
  readonly origins: Origins;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Loads a config file. Everything that is wrong with it comes back at once; nothing is started or changed.
 * @param units whether units of systemd run it, which have any user.
 */
export async function loadConfig(file: string, units = isInstalledConfig(file)): Promise<LoadedConfig> {
  const texts = new Map<string, string>();
  const failed = (diagnostics: readonly Diagnostic[]): LoadedConfig => ({
    file,
    texts,
    plan: undefined,
    origins: new Map(),
    diagnostics,
  });
  let files: readonly ConfigFile[];
  try {
    files = [{ file, text: readFileSync(file, 'utf8') }, ...readMoreConfigs(file)];
  } catch (error) {
    const why =
      errorCode(error) === 'ENOENT' ? 'no such file; `vahti init` writes one' : asError(error).message;
    return failed([
      { severity: 'error', message: `cannot read the config: ${why}`, file, line: 1, column: 1 },
    ]);
  }
  for (const each of files) texts.set(each.file, each.text);
  const source = parseConfigs(files);
  if (source.value === undefined) return failed(source.diagnostics);
  const checked = validate(config, source, file);
  const found = [...source.diagnostics, ...checked.diagnostics];
  if (checked.rest === undefined) return failed(found);
  // What has no mistake of form is looked at further even where something else has one: every mistake comes at once.
  const resolved = await resolveConfig(checked.rest, source, file, units || process.getuid?.() === 0);
  const diagnostics = [...found, ...resolved.diagnostics];
  const broken = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  return { file, texts, plan: broken ? undefined : resolved.plan, origins: resolved.origins, diagnostics };
}
