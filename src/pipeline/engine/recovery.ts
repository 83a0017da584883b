import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endTree } from '../../core/processes.ts';
import type { Interrupted } from '../ledger/ledger.ts';
import { finish } from '../steps/install.ts';
import { removeFolder, runFolder } from '../steps/folder.ts';
import { readReport } from '../steps/report.ts';
import { cannotRemove, type Carrying } from './carry.ts';
import { GIVEN_UP, isMaturing } from './maturing.ts';
import { afterCrash } from './outcome.ts';
import { failedAlone, produced } from './produced.ts';

/** What the last runner left is over within this, and KILL is what ends it. */
const END_MS = 2000;

/**
 * Finishes what a runner left that was killed: what still runs of it is ended, what was being installed is installed, and what was
 * running is done again. To be called before anything is claimed, by the only runner. Rejects where the disk fails.
 * @param boot the id of this boot.
 */
export async function recover(carrying: Carrying, boot: string): Promise<number> {
  const { ledger, work, log } = carrying;
  const left = await ledger.interrupted();
  for (const life of new Set(
    left.filter(({ owner }) => owner.boot === boot).map(({ owner }) => owner.life),
  )) {
    const end = await endTree({ life, deadlineMs: END_MS, clock: carrying.context.clock });
    if (end.kind === 'stuck') log.error('cannot end what a killed runner left', { pids: end.pids });
  }
  for (const each of left) await recoverOne(each, carrying, boot);
  // Nobody runs: whatever folder of a run is there was left by one that is dead.
  for (const name of await readdir(work).catch(() => []))
    await removeFolder(join(work, name)).catch(cannotRemove(join(work, name), log));
  if (left.length > 0) log.warn('takes up what a killed runner left', { tasks: left.length });
  return left.length;
}

async function recoverOne(
  { claim, owner, installs }: Interrupted,
  carrying: Carrying,
  boot: string,
): Promise<void> {
  const { ledger, router, context, files } = carrying;
  const now = context.clock.now();
  const step = router.step(claim.task.step);
  if (
    claim.task.state === 'installing' &&
    step !== undefined &&
    (await finish(installs, context.products, files))
  ) {
    const products = await produced(step, installs, carrying);
    const { exit } = claim.task;
    const state = exit !== null && step.exit[exit] === 'warnings' ? 'warned' : 'done';
    const report = await readReport(runFolder(carrying.work, claim.task.id, claim.fence).report);
    const drafts = report.ok ? failedAlone(claim, claim.files, report.value, context) : [];
    await ledger.succeed(claim, { state, exit, error: null, log: null, products, drafts }, now);
    return;
  }
  if (isMaturing(claim)) {
    await ledger.end(claim, { ...GIVEN_UP, log: null }, now);
    return;
  }
  const ending = afterCrash(step, claim, claim.files, owner.boot === boot);
  await ledger.end(claim, { ...ending, log: null }, now);
}
