import type { Clock } from '../core/clock.ts';
import { ok, type Result } from '../core/result.ts';
import { bootAnswer, refuseBoot, sayBoot } from './boot.ts';
import type { ActionResult } from './control-api.ts';
import { closeFolder, openFolder, type FolderTrouble } from './open-folder.ts';
import type { Plan } from './plan.ts';

/** Enables or disables services while no daemon runs: writes it into the state folder, under its lock. The names must be known. */
export function sayBootAlone(
  plan: Plan,
  names: readonly string[],
  starts: boolean,
  why: string,
  clock: Clock,
): Result<readonly ActionResult[], FolderTrouble> {
  const opened = openFolder(plan, starts ? 'vahti enable' : 'vahti disable', clock);
  if (!opened.ok) return opened;
  const { state, store } = opened.value;
  try {
    const records = store.append.bind(store);
    return ok(
      [...new Set(names)].map((name) => {
        const planned = plan.services.find((service) => service.name === name);
        const refused = refuseBoot(planned ?? {}, starts);
        if (refused !== undefined) return { name, done: false, message: refused };
        sayBoot(name, starts, why, { state, clock, records });
        return { name, done: true, message: bootAnswer(name, starts, 'no-daemon') };
      }),
    );
  } finally {
    closeFolder(opened.value);
  }
}
