import { uptime } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { groupMembers } from '../../core/control-group.ts';
import { processAlive } from '../../core/processes.ts';
import { isDead, type ProcessIdentity, readStat } from '../../core/process-table.ts';
import type { UnitFacts } from '../../core/units.ts';

/** What systemd cannot end of a life: it gives up, leaves the processes behind, and would start the next one beside them. */

/** The states in which systemd has sent SIGKILL and waits, systemd/src/basic/unit-def.c. */
const KILLED = ['stop-sigkill', 'final-sigkill'];
/** What SIGKILL has not ended after this long sits in the kernel (a dead disk, NFS). */
const KILL_PATIENCE_MS = 5000;
/** The kernel counts starts in hundredths of a second (USER_HZ). */
const TICK_MS = 10;
/** So exactly is it known when a process began; the next life begins no sooner. */
const ROUNDED_MS = 100;

/** Whether systemd has waited in vain for the end of what it killed. */
export function resistsKill({ active, sub, since }: UnitFacts, now: number): boolean {
  return (
    active === 'deactivating' && KILLED.includes(sub) && since !== null && now - since >= KILL_PATIENCE_MS
  );
}

/**
 * The processes of a life that is over which live on.
 * @param main the one that was its main process.
 * @param group its control group, which the next life has as well; null where it was never seen.
 * @param endedAt when it was over, wall milliseconds: who began later is of the next life.
 */
export function oldProcesses(
  main: ProcessIdentity | null,
  group: string | null,
  endedAt: number,
  clock: Clock,
): readonly number[] {
  const bootedAt = clock.now() - uptime() * 1000;
  const members = group === null ? [] : (groupMembers(group) ?? []);
  const old = members.filter(({ startTicks }) => bootedAt + startTicks * TICK_MS < endedAt - ROUNDED_MS);
  const all = main === null ? old : [main, ...old];
  const alive = all.filter((each) => processAlive(each) && !isDead(readStat(each.pid)));
  return [...new Set(alive.map(({ pid }) => pid))];
}
