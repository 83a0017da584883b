/**
 * The old watchdogs' levels: whole numbers of 32 bits, lower is worse; 0 error, 10 warning, 20 notice, 30 info, 40 debug, 50 verbose.
 * Ours never rise where theirs do, so that a query by ours leaves out nothing, and what was given is kept beside where it says more.
 */

/** The name of the field that keeps a level which ours cannot say. */
const OLD_LEVEL_FIELD = 'watchdog_level';

/** From the worst on: up to which old level, and ours; from ours on upwards it is theirs again. */
const STEPS = [
  { old: 0, ours: 17 },
  { old: 10, ours: 13 },
  { old: 20, ours: 10 },
  { old: 30, ours: 9 },
  { old: 40, ours: 5 },
  { old: 50, ours: 1 },
] as const;

export function fromOldLevel(old: number): number {
  return STEPS.find((step) => old <= step.old)?.ours ?? 1;
}

/** An old level of one of ours, where nothing else is known. */
function toOldLevel(level: number): number {
  return STEPS.find(({ ours }) => level >= ours)?.old ?? 50;
}

/** What has to be kept beside our level so that the old one comes back as it was. */
export function oldLevelFields(old: number): Readonly<Record<string, number>> | undefined {
  return toOldLevel(fromOldLevel(old)) === old ? undefined : { [OLD_LEVEL_FIELD]: old };
}

/** @param fields as JSON; empty where there are none. */
export function oldLevelOf(level: number, fields: string): number {
  if (fields === '') return toOldLevel(level);
  const kept = (JSON.parse(fields) as Record<string, unknown>)[OLD_LEVEL_FIELD];
  return isInt4(kept) && fromOldLevel(kept) === level ? kept : toOldLevel(level);
}

export function isInt4(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= -2_147_483_648 && (value as number) <= 2_147_483_647;
}
