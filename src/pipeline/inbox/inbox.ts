import { opendir, stat } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import type { Runnable, Scope } from '../../core/scope.ts';
import { errorCode } from '../../core/result.ts';
import type { Intake, ReadyFile } from '../engine/intake.ts';
import type { InboxPlan } from '../plan.ts';
import { IGNORED } from './config.ts';

export interface InboxOptions {
  readonly plan: InboxPlan;
  readonly intake: Intake;
  /** For gate commands: the complete environment, and the folder that they run in. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What its own commands carry as VAHTI_LIFE, so that what they leave is found. */
  readonly life: string;
}

/** One folder that files come into. Runs until `drain`: it then ends at once, since all that it knows is in the ledger. */
export interface Inbox extends Runnable {
  /** Looks at the whole folder now; resolves when all of it is in the ledger. */
  look(): Promise<void>;
}

/** A plain scan of the whole folder every `scan`, that takes whatever matches as it is. */
export function createInbox({ plan, intake }: InboxOptions): Inbox {
  const look = async (): Promise<void> => {
    const ready: ReadyFile[] = [];
    for await (const path of filesBelow(plan.root, '')) {
      if (!isWanted(plan, path)) continue;
      const seen = await stat(join(plan.root, path), { bigint: true }).catch(() => undefined);
      if (seen?.isFile() !== true) continue;
      const known = await intake.inboxFile(plan.name, path);
      const identity = { ino: String(seen.ino), size: Number(seen.size), mtimeNs: String(seen.mtimeNs) };
      if (known !== undefined && known.size === identity.size && known.mtimeNs === identity.mtimeNs) continue;
      ready.push({ path, ...identity, settledAt: Number(seen.ctimeMs) });
    }
    if (ready.length > 0) await intake.arrive(plan.name, ready);
  };
  return {
    look,
    async run({ drain, clock, log }: Scope) {
      do {
        try {
          await look();
        } catch (thrown) {
          if (errorCode(thrown) === undefined) throw thrown;
          log.warn(`cannot look at the inbox ${plan.name}`, { reason: String(thrown) });
        }
      } while (await clock.sleep(plan.scan, drain));
    },
  };
}

function isWanted({ match, ignore = [] }: InboxPlan, path: string): boolean {
  return (
    match.some((glob) => matchesGlob(path, glob)) &&
    ![...IGNORED, ...ignore].some((glob) => matchesGlob(path, glob))
  );
}

async function* filesBelow(root: string, folder: string): AsyncGenerator<string, void> {
  for await (const entry of await opendir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else if (entry.isFile()) yield path;
  }
}
