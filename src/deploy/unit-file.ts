/** The first line of every file of ours: one that lacks it is somebody else's, and is never touched. */
const MARK = 'Made by vahti install from';

/** A line `key=value`; undefined where it is left out. */
export type Line = readonly [key: string, value: string] | undefined;

export interface UnitSections {
  readonly Unit: readonly Line[];
  readonly Service: readonly Line[];
  readonly Install?: readonly Line[];
}

/** The first line of a file of ours. @param comment what begins a comment there. */
export function markOf(config: string, comment = '#'): string {
  return `${comment} ${MARK} ${JSON.stringify(config)}`;
}

/** The config that a file was made from; undefined where the file is not ours. */
export function configOfMark(text: string): string | undefined {
  const [first = ''] = text.split('\n', 1);
  const written = /^(?:#|\/\/) Made by vahti install from (".*")$/.exec(first)?.[1];
  if (written === undefined) return undefined;
  try {
    return JSON.parse(written) as string;
  } catch {
    return undefined;
  }
}

/** The text of a unit file: the same for the same input, to the byte. */
export function unitText(name: string, config: string, sections: UnitSections): string {
  const parts = Object.entries(sections).map(
    ([section, lines]: [string, readonly Line[]]) =>
      `[${section}]\n${lines.flatMap((line) => (line === undefined ? [] : [`${line[0]}=${line[1]}\n`])).join('')}`,
  );
  return `${markOf(config)}\n# It is written anew by each install: your own lines belong into systemctl edit ${name}\n\n${parts.join('\n')}`;
}
