import type { ReprocessDraft } from '../app/pipeline/reprocess.ts';
import { joinWords } from '../core/words.ts';
import { GIVEN_UP } from '../pipeline/ledger/aside.ts';
import type { Task } from '../pipeline/ledger/types.ts';
import type { Reprocessed } from '../pipeline/reprocess/run.ts';
import { printable, table } from './output.ts';

/** Inputs, and failures, that are named one by one. */
const SHOWN = 10;

/** What will be done, before it is. */
export function draftText(
  { plan, starts, selection, isShared, target }: ReprocessDraft,
  clean: boolean,
): string {
  const names = starts.map(({ name }) => name).join(', ');
  const { files } = selection;
  const lines = [
    `${files.length} ${files.length === 1 ? 'input' : 'inputs'} for ${names}:`,
    ...files.slice(0, SHOWN).map(({ file }) => `  ${printable(file)}`),
    ...(files.length > SHOWN ? [`  … and ${files.length - SHOWN} more`] : []),
    `products go to ${printable(plan.products)}${isShared ? `, where those of ${target.name} are: it is held meanwhile` : ''}`,
    ...(clean ? [`before, what ${plan.steps.map(({ name }) => name).join(', ')} made there is removed`] : []),
    '',
  ];
  return `${lines.join('\n')}${table([
    ['STEP', 'LEVEL', 'VERSION', 'COMMAND'],
    ...plan.steps.map(({ name, level, version, run }) => [
      name,
      String(level),
      String(version),
      printable(joinWords(run)),
    ]),
  ])}`;
}

/** What came of it. */
export function endText(
  { plan }: ReprocessDraft,
  { tasks, products, removed, stopped }: Reprocessed,
): string {
  const bad = tasks.filter(isBad);
  const lines = bad
    .slice(0, SHOWN)
    .map(({ step, id, error }) => `${step} (task ${id}): ${printable(error ?? 'failed')}`);
  if (bad.length > SHOWN) lines.push(`… and ${bad.length - SHOWN} more`);
  if (removed > 0) lines.push(`${removed} products removed before`);
  for (const { name } of plan.steps) {
    const own = tasks.filter(({ step }) => step === name);
    const made = products.filter(({ step }) => step === name).length;
    const parts = COUNTED.flatMap(([word, states]) => {
      const count = own.filter(({ state }) => states.includes(state)).length;
      return count === 0 ? [] : [`${count} ${word}`];
    });
    lines.push(`${name}: ${parts.length === 0 ? 'nothing to do' : parts.join(', ')}, ${made} products`);
  }
  if (stopped !== undefined) lines.push(`stopped: ${printable(stopped)}`);
  return `${lines.join('\n')}\n`;
}

const COUNTED: readonly (readonly [string, readonly string[]])[] = [
  ['done', ['done', 'warned']],
  ['skipped', ['skipped', 'ignored']],
  ['failed', ['failed', 'parked']],
];

function isBad({ state, error }: Task): boolean {
  return (
    state === 'failed' ||
    state === 'parked' ||
    (state === 'cancelled' && error?.startsWith(GIVEN_UP) === true)
  );
}

export function hasFailed({ tasks, stopped }: Reprocessed): boolean {
  return stopped !== undefined || tasks.some(isBad);
}
