import type { AskValue } from '../../wire/page/asks.ts';
import type { LedgerFile } from '../ledger/types.ts';
import type { PipelineView } from '../pipeline.ts';
import { shownFile } from './shown.ts';

type View = Pick<PipelineView, 'plan' | 'ledger'>;
type Line = AskValue<'pipeline-story'>['from'][number];

/** Files in one direction. */
const MOST = 200;

/**
 * Everything that a file leads to in one direction, each behind what it leads on from. What stands there already is not followed again.
 */
export async function lineageLines(
  view: View,
  start: LedgerFile,
  nextOf: (view: View, file: LedgerFile) => Promise<readonly LedgerFile[]>,
): Promise<Line[]> {
  const lines: Line[] = [];
  const seen = new Set<number>();
  const add = async (file: LedgerFile, depth: number): Promise<void> => {
    const isKnown = seen.has(file.id);
    seen.add(file.id);
    const line: Line = { depth, ...shownFile(file, view.plan), shown: isKnown ? 'above' : 'whole' };
    lines.push(line);
    if (isKnown) return;
    for (const next of await nextOf(view, file)) {
      if (lines.length >= MOST) {
        line.shown = 'cut';
        return;
      }
      await add(next, depth + 1);
    }
  };
  for (const next of await nextOf(view, start)) {
    if (lines.length >= MOST) {
      const last = lines.findLast(({ depth }) => depth === 0);
      if (last !== undefined) last.shown = 'cut';
      break;
    }
    await add(next, 0);
  }
  return lines;
}
