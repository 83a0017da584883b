import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError, err, ok, type Result } from './result.ts';

/** Secrets in files are small: a larger file is a mistake. */
const MOST_BYTES = 65_536;
const VARIABLE = /^\$([A-Za-z_][A-Za-z0-9_]*)$/;
const VARIABLES = /\$([A-Za-z_][A-Za-z0-9_]*)/g;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a value stands for another one, and so may be shown as it is written. */
export function isReference(value: string): boolean {
  return VARIABLE.test(value) || value.startsWith('file:');
}

/**
 * What a value stands for: `$NAME` for a value of the environment, `file:PATH` (relative to `folder`) for the content of a file without
 * its last newline; anything else for itself. The error names the variable or the file, never a secret.
 */
export function resolveReference(value: string, folder: string, env: Environment): Result<string, string> {
  const wanted = VARIABLE.exec(value)?.[1];
  if (wanted !== undefined) {
    const found = env[wanted];
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

/** A text with its references filled in, and what they stood for: to be kept out of whatever is shown. */
export interface Filled {
  readonly text: string;
  readonly secrets: readonly string[];
}

/** As resolveReference, but `$NAME` may also stand within a text, as often as it likes: `Bearer $TOKEN`. */
export function fillReferences(text: string, folder: string, env: Environment): Result<Filled, string> {
  if (isReference(text)) {
    const found = resolveReference(text, folder, env);
    return found.ok ? ok({ text: found.value, secrets: [found.value] }) : found;
  }
  const lacking = [...text.matchAll(VARIABLES)].find(([, name = '']) => env[name] === undefined);
  if (lacking !== undefined) return err(`${lacking[0]} is not set`);
  const secrets: string[] = [];
  const filled = text.replaceAll(VARIABLES, (_all, name: string) => {
    const value = env[name] ?? '';
    secrets.push(value);
    return value;
  });
  return ok({ text: filled, secrets });
}
