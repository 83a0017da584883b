import type { AskValue } from '../../wire/page/asks.ts';
import type { LedgerFile } from '../ledger/types.ts';
import type { Bounds, Next } from '../lineage.ts';
import type { PipelineView } from '../pipeline.ts';
import { createPace, type Looking } from './scan-down.ts';
import { shownFile } from './shown.ts';

type View = Pick<PipelineView, 'plan' | 'ledger'>;
type Line = AskValue<'pipeline-story'>['from'][number];

/** Files in one direction. */
const MOST = 200;
/** Contents of one file, and tasks on them, that are looked at: the newest. */
const MOST_TASKS = 5000;

/**
 * Everything that a file leads to in one direction, each behind what it leads on from. What stands there already is not followed again.
 * A process that does other things, too, goes on with them between; what it takes too long to find is cut.
 */
export async function lineageLines(
  view: View,
  start: LedgerFile,
  nextOf: (view: View, file: LedgerFile, bounds: Bounds) => Promise<Next>,
  looking: Looking,
): Promise<Line[]> {
  const lines: Line[] = [];
  const goOn = createPace(looking);
  const next = (file: LedgerFile): Promise<Next> =>
    nextOf(view, file, { most: MOST - lines.length, tasks: MOST_TASKS, goOn });
  const seen = new Set<number>();
  const add = async (file: LedgerFile, depth: number): Promise<void> => {
    const isKnown = seen.has(file.id);
    seen.add(file.id);
    const line: Line = { depth, ...shownFile(file, view.plan), shown: isKnown ? 'above' : 'whole' };
    lines.push(line);
    if (isKnown) return;
    const { files, isCut } = await next(file);
    if (!(await addAll(files, depth + 1)) || isCut) line.shown = 'cut';
  };
  /** False where there was no room for all. */
  const addAll = async (files: readonly LedgerFile[], depth: number): Promise<boolean> => {
    for (const file of files) {
      if (lines.length >= MOST) return false;
      await add(file, depth);
    }
    return true;
  };
  const { files, isCut } = await next(start);
  if (!(await addAll(files, 0)) || isCut) {
    const last = lines.findLast(({ depth }) => depth === 0);
    if (last !== undefined) last.shown = 'cut';
  }
  return lines;
}
