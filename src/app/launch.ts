import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseEnvFile } from '../core/env-file.ts';
import { ownLimits } from '../core/exec-wrapper.ts';
import { lookupUser, type User, userEnvironment } from '../core/processes.ts';
import { asError, err, ok, type Result } from '../core/result.ts';
import { resolveEnvironment } from './environment.ts';
import type { Plan, PlannedService } from './plan.ts';
import { smallEnvironment } from './small-memory.ts';

/** How the process of a service is started, but for its command: the same under the daemon and by `vahti run`. */
export interface Launch {
  /** Looked up anew for each life: a file may have changed. An error is a start that failed. */
  readonly env: () => Result<Readonly<Record<string, string>>, string>;
  readonly cwd: string;
  readonly user?: User;
  readonly openFiles?: number;
  readonly processors?: readonly number[];
}

export async function launchOf(planned: PlannedService, plan: Plan): Promise<Launch> {
  const user = planned.user === undefined ? undefined : await lookupUser(planned.user);
  const processors = processorsFor(planned.name, plan, ownLimits().processors);
  return {
    env: () => environmentOf(planned, dirname(plan.file), user),
    cwd: planned.cwd,
    ...(user === undefined ? {} : { user }),
    ...(planned.openFiles === undefined ? {} : { openFiles: planned.openFiles }),
    ...(processors === undefined ? {} : { processors }),
  };
}

function environmentOf(
  planned: PlannedService,
  folder: string,
  user: User | undefined,
): Result<Record<string, string>, string> {
  const filed = planned.envFile === undefined ? ok({}) : readEnvFile(planned.envFile);
  if (!filed.ok) return filed;
  const resolved = resolveEnvironment(planned.env, folder, process.env, filed.value);
  if (!resolved.ok) return resolved;
  const env = planned.kind === 'collect' ? smallEnvironment(resolved.value) : resolved.value;
  return ok(user === undefined ? env : { ...env, ...userEnvironment(user) });
}

/** A larger file is a mistake: the kernel takes no such environment. */
const MOST_BYTES = 1_048_576;

/** The variables of an environment file; a mistake names its line: `cannot use /etc/app.env:3: no NAME=value`. */
export function readEnvFile(file: string): Result<Record<string, string>, string> {
  try {
    if (statSync(file).size > MOST_BYTES)
      return err(`cannot use ${file}: it is larger than ${MOST_BYTES} bytes`);
    const parsed = parseEnvFile(readFileSync(file, 'utf8'));
    if (!parsed.ok) return err(`cannot use ${file}:${parsed.error.line}: ${parsed.error.message}`);
    const own = Object.keys(parsed.value).find((name) => name.startsWith('VAHTI_LIFE'));
    if (own !== undefined) return err(`cannot use ${file}: Vahti tells its lives apart by ${own}`);
    return parsed;
  } catch (error) {
    return err(`cannot read the environment file: ${asError(error).message}`);
  }
}

/**
 * The processors of a service with `cpu`: so many that it can have its share, the next ones of this machine after those of the
 * services before it, so that two small ones do not meet on one while others idle. Undefined where it has no `cpu`, or where
 * its share is all that there are.
 */
export function processorsFor(
  name: string,
  plan: Plan,
  processors: readonly number[],
): readonly number[] | undefined {
  let before = 0;
  for (const service of plan.services) {
    if (service.cpu === undefined) continue;
    const count = Math.ceil(service.cpu);
    if (service.name !== name) {
      before += count;
      continue;
    }
    if (count >= processors.length) return undefined;
    const own = Array.from({ length: count }, (_, index) => processors[(before + index) % processors.length]);
    return (own as number[]).sort((a, b) => a - b);
  }
  return undefined;
}
