import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../../core/diagnostics.ts';
import { asError, errorCode } from '../../core/result.ts';
import { validate } from '../../core/validate.ts';
import { parseYaml } from '../../core/yaml-source.ts';
import type { Origins, Plan } from '../plan.ts';
import { resolveConfig } from './resolve.ts';
import { config } from './schema.ts';

/** What a config file says: a plan where it can be used, and every mistake and oddity in it. */
export interface LoadedConfig {
  readonly file: string;
  /** The text, for showing lines of it. */
  readonly text: string;
  /** Undefined where there is any error. */
  readonly plan: Plan | undefined;
  readonly origins: Origins;
  readonly diagnostics: readonly Diagnostic[];
}

/** Loads a config file. Everything that is wrong with it comes back at once; nothing is started or changed. */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const failed = (text: string, diagnostics: readonly Diagnostic[]): LoadedConfig => ({
    file,
    text,
    plan: undefined,
    origins: new Map(),
    diagnostics,
  });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why =
      errorCode(error) === 'ENOENT' ? 'no such file; `vahti init` writes one' : asError(error).message;
    return failed('', [
      { severity: 'error', message: `cannot read the config: ${why}`, file, line: 1, column: 1 },
    ]);
  }
  const source = parseYaml(text, file);
  if (source.value === undefined) return failed(text, source.diagnostics);
  const checked = validate(config, source, file);
  const found = [...source.diagnostics, ...checked.diagnostics];
  if (checked.rest === undefined) return failed(text, found);
  // What has no mistake of form is looked at further even where something else has one: every mistake comes at once.
  const resolved = await resolveConfig(checked.rest, source, file);
  const diagnostics = [...found, ...resolved.diagnostics];
  const broken = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  return { file, text, plan: broken ? undefined : resolved.plan, origins: resolved.origins, diagnostics };
}
