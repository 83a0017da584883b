import { resolveReference } from '../core/references.ts';
import { err, ok, type Result } from '../core/result.ts';

export { isReference } from '../core/references.ts';

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
    const found = resolveReference(value, folder, inherited);
    if (!found.ok) return err(`cannot set ${name}: ${found.error}`);
    values[name] = found.value;
  }
  return ok(values);
}
