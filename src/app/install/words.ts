import type { Changes, FileChange } from './changes.ts';
import { DAEMON_UNIT } from '../unit-names.ts';

/** What an install does, a line each, as a diff has it: `+` comes, `-` goes, `~` changes. */
export function changeLines(changes: Changes, { starts }: { readonly starts: boolean }): readonly string[] {
  const { folders, files, plan, enable, disable, daemon, start, restart, renew, stop } = changes;
  return [
    ...files.flatMap(fileLines),
    ...folders.map(
      ({ path, user, group, mode }) =>
        `+ folder ${path} (${user}${group === undefined ? '' : `:${group}`}, ${mode.toString(8)})`,
    ),
    ...(plan === undefined ? [] : ['~ plan.json: what the units run on']),
    ...enable.map((name) => `+ enable ${name}: it starts with the machine`),
    ...disable.map((name) => `- disable ${name}: it does not start with the machine`),
    ...(starts
      ? [
          ...stop.map((name) => `- stop ${name}`),
          ...(daemon === 'leave' ? [] : [`~ ${daemon} ${DAEMON_UNIT}`]),
        ]
      : []),
    ...(starts
      ? [
          ...start.map((name) => `+ start ${name}`),
          ...[...restart, ...renew].map((name) => `~ restart ${name}`),
        ]
      : []),
  ];
}

const MARKS = { new: '+', changed: '~', gone: '-' } as const;

function fileLines({ path, change, before, text }: FileChange): readonly string[] {
  const head = `${MARKS[change]} ${path}`;
  if (change !== 'changed') return [head];
  const old = before.split('\n');
  const now = text.split('\n');
  return [
    head,
    ...old.filter((line) => !now.includes(line)).map((line) => `    - ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `    + ${line}`),
  ];
}
