import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { LIFE_VARIABLE } from '../../core/processes.ts';
import type { TreeName } from '../../core/processes.ts';
import { readStat } from '../../core/process-table.ts';
import type { WatchContext } from '../kind.ts';
import type { WatchedLife } from '../judgement.ts';

/**
 * What the tree of a life is found by: its group, and whoever carries the same VAHTI_LIFE, wherever it went. A process that
 * carries none (a unit of systemd's, one that wiped its environment) has its group alone. Undefined where it is over.
 */
export async function treeOf(
  life: WatchedLife,
  { env, controlGroup }: Pick<WatchContext, 'env' | 'controlGroup'>,
): Promise<TreeName | undefined> {
  const group = controlGroup?.();
  if (group !== undefined) return { controlGroup: group, life: `none/${randomUUID()}` };
  const stat = readStat(life.pid);
  if (stat === undefined) return undefined;
  const carried = (await lifeIn(life.pid)) ?? env[LIFE_VARIABLE] ?? `none/${randomUUID()}`;
  return { pgid: stat.group, startTicks: readStat(stat.group)?.startTicks ?? stat.startTicks, life: carried };
}

async function lifeIn(pid: number): Promise<string | undefined> {
  const environ = await fs.promises.readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const start = `${LIFE_VARIABLE}=`;
  return environ
    .split('\0')
    .find((entry) => entry.startsWith(start))
    ?.slice(start.length);
}
