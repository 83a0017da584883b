import { number } from '../number-text.ts';
import { table } from '../table.ts';
import type { FrameFigures } from './frames.ts';
import type { PageFigures } from './run.ts';

/** What docs/bench-page.md says. */
export function pageOf(command: string, facts: readonly string[], found: PageFigures): string {
  const { size, views, first, idle, tail } = found;
  const shown = table(
    ['view', 'p50 (ms)', 'p95 (ms)', 'worst (ms)', 'by its address, first time (ms)'],
    views.map((each) => [
      each.name,
      number(each.p50),
      number(each.p95),
      number(each.worst),
      number(each.first),
    ]),
  );
  const frames = table(
    ['', 'frames/s', 'between two, p99 (ms)', 'longest (ms)', 'heap (MiB)'],
    [
      frameRow('the overview, figures of all services changing', idle),
      frameRow(`the log followed at ${number(tail.linesPerSecond)} lines/s`, tail),
    ],
  );
  return `# The page, measured

Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; run it again and this page is written anew.

${facts.map((fact) => `- ${fact}\n`).join('')}
A hub as users run it, with ${number(size.services)} services of ${number(size.agents)} daemons that report to it by the true protocol (all figures each 10 s), ${number(size.records)} records
of the last day in its store, bars of 90 days and figures of 30. The browser, the hub and the daemons share the cores.

## Views

From the click on a link to the frame behind the one in which what the view is for is in the document (rows of the log, charts of the service, …): ${number(size.times)} times each.
The last column: its address opened with nothing kept from before, everything loaded, the session known.

${shown}
The first load of the overview is ${number(first.requests)} files of the page: ${number(first.transferred / 1000)} kB over the line (${number(first.raw / 1000)} kB unpacked).

## Frames

Counted by \`requestAnimationFrame\` over ${number(size.seconds)} s; the screen has 60 a second.

${frames}`;
}

function frameRow(name: string, { perSecond, p99, longest, heap }: FrameFigures): string[] {
  return [name, number(perSecond, 1), number(p99, 1), number(longest, 1), number(heap)];
}
