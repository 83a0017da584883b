/**
 * Named locks: who may run at the same time. A lock is held by a run that is alive, never by a flag: what is held is made up
 * anew from the runs that there are. `path:/real/path` is a folder, and stands in the way of whatever is in it or around it.
 */

export interface Locker {
  readonly name: string;
  readonly locks: readonly string[];
}

/** What keeps somebody waiting: which lock, and who has it. */
export interface Blocked {
  readonly lock: string;
  readonly by: string;
}

/** Whether two locks cannot be held at the same time. */
export function conflicts(a: string, b: string): boolean {
  if (a === b) return true;
  if (!a.startsWith('path:') || !b.startsWith('path:')) return false;
  const folder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
  return folder(a).startsWith(folder(b)) || folder(b).startsWith(folder(a));
}

/** What is in the way of somebody; undefined where nothing is. */
export function blockedBy(wanting: Locker, holders: readonly Locker[]): Blocked | undefined {
  for (const holder of holders) {
    if (holder.name === wanting.name) continue;
    const lock = wanting.locks.find((own) => holder.locks.some((held) => conflicts(own, held)));
    if (lock !== undefined) return { lock, by: holder.name };
  }
  return undefined;
}

/**
 * Who of those that wait may go on now. Each gets all of its locks or none, so nobody waits for another in a circle; and nobody
 * overtakes whoever waits longer for the same lock, so everybody has a turn.
 * @param waiting in the order in which they began to wait.
 */
export function grant<T extends Locker>(waiting: readonly T[], holders: readonly Locker[]): readonly T[] {
  const taken = [...holders];
  return waiting.filter((each) => {
    const isFree = blockedBy(each, taken) === undefined;
    taken.push(each);
    return isFree;
  });
}
