import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError, err, ok, type Result } from '../core/result.ts';

/** Secrets in files are small: a larger file is a mistake. */
const MOST_BYTES = 65_536;

/**
 * The environment of a service: the daemon's own, what its environment file says, and what the config adds. `$NAME` takes a value from the daemon's
 * environment, `file:PATH` (relative to `folder`) the content of a file without its last newline.
 */
export function resolveEnvironment(
  written: Readonly<Record<string, string>>,
  folder: string,
  inherited: NodeJS.ProcessEnv,
  filed: Readonly<Record<string, string>> = {},
): Result<Record<string, string>, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) values[name] = value;
  Object.assign(values, filed);
  for (const [name, value] of Object.entries(written)) {
    const found = resolveValue(value, folder, inherited);
    if (!found.ok) return err(`cannot set ${name}: ${found.error}`);
    values[name] = found.value;
  }
  return ok(values);
}

const VARIABLE = /^\$([A-Za-z_][A-Za-z0-9_]*)$/;

/** Whether a value stands for another one, and so may be shown as it is written. */
export function isReference(value: string): boolean {
  return VARIABLE.test(value) || value.startsWith('file:');
}

function resolveValue(value: string, folder: string, inherited: NodeJS.ProcessEnv): Result<string, string> {
  const wanted = VARIABLE.exec(value)?.[1];
  if (wanted !== undefined) {
    const found = inherited[wanted];
    return found === undefined ? err(`$${wanted} is not set`) : ok(found);
  }
  if (!value.startsWith('file:')) return ok(value);
  const path = resolve(folder, value.slice(5));
  try {
    const content = readFileSync(path, 'utf8');
    if (content.length > MOST_BYTES) return err(`${path} is larger than ${MOST_BYTES} bytes`);
    return ok(content.replace(/\r?\n$/, ''));
  } catch (error) {
    return err(asError(error).message);
  }
}
