import { statePaths } from '../app/state.ts';
import { systemClock } from '../core/clock.ts';
import type { Result } from '../core/result.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { didYouMean } from '../core/suggest.ts';
import type { By } from '../hub/access/audit-log.ts';
import { type AccessStore, openAccessStore } from '../hub/access/store.ts';
import type { AccessTrouble } from '../hub/access/store-context.ts';
import { callerName } from './caller.ts';
import { findState } from './config-file.ts';
import { CommandError, type ExitName } from './exit-codes.ts';

/** Works in the store of the hub of this machine. It is made where it is not there yet, so that a hub can start with what was said. */
export async function withAccessStore(
  config: string | undefined,
  work: (store: AccessStore, by: By) => void | Promise<void>,
): Promise<void> {
  const folder = statePaths(await findState(config)).hub;
  const opened = openAccessStore(folder, { clock: systemClock });
  if (!opened.ok) throw new CommandError('failed', opened.error.message);
  try {
    await work(opened.value, { who: `${callerName()} (vahti token)`, address: '' });
  } catch (error) {
    if (error instanceof DatabaseError) throw new CommandError('failed', error.message);
    throw error;
  } finally {
    opened.value.close();
  }
}

const EXITS: Readonly<Record<AccessTrouble['kind'], ExitName>> = {
  invalid: 'usage',
  unknown: 'unknown',
  conflict: 'failed',
  forbidden: 'failed',
  full: 'failed',
};

/** What was made or changed; where it cannot be, the command ends. */
export function valueOf<T>(result: Result<T, AccessTrouble>): T {
  if (result.ok) return result.value;
  throw new CommandError(EXITS[result.error.kind], result.error.message);
}

export function unknownUser(store: AccessStore, name: string): CommandError {
  const known = store.users.list().map((user) => user.name);
  const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return new CommandError('unknown', `cannot find a user "${name}"${didYouMean(name, known)} (${others})`);
}
