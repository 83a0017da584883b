/** Characters of a reason. */
const MOST = 300;

/**
 * What failures have in common, so that thousands of them are some few reasons: how the run ended, and the last line that it printed,
 * without what differs from file to file (paths, numbers, names with numbers in them).
 */
export function reasonOf(error: string | null): string {
  if (error === null || error.trim() === '') return 'no reason is known';
  const [, head = '', tail = ''] =
    /^(exit code \S+?|ended by \w+)(?::\s+([\s\S]*))?$/.exec(error.trim()) ?? [];
  const said = lastLine(head === '' ? error : tail);
  // Numbers in what Vahti says itself are those of the config.
  const reason = [head, head === '' ? withoutNames(said) : withoutNames(said).replaceAll(/\d+/g, 'N')]
    .filter((part) => part !== '')
    .join(': ');
  return reason.length <= MOST ? reason : `${reason.slice(0, MOST - 1)}…`;
}

function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return (lines.findLast((line) => line !== '') ?? '').slice(0, MOST);
}

function withoutNames(line: string): string {
  return (
    line
      .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
      // Times, paths, names with a digit and an ending, checksums.
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '…')
      .replaceAll(/(?:[\w.~+-]*\/)+[\w.~+=@%-]*/g, '…')
      .replaceAll(/\b[\w-]*\d[\w-]*(?:\.[\w-]+)+/g, (word) => (/^\d+(\.\d+)*$/.test(word) ? 'N' : '…'))
      .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '…')
      .replaceAll(/\s+/g, ' ')
      .trim()
  );
}
