import { splitWords } from '../../../core/words.ts';
import { shellArgv } from '../shell-line.ts';

/** What a command of a crontab becomes, beside the keys of its time. */
export interface Command {
  /** Its words where it is one command without anything that a shell does, else undefined. */
  readonly words?: readonly string[];
  readonly run: readonly string[];
  readonly locks: readonly string[];
  readonly nice?: number;
  /** The file of its lock, which nobody takes any more. */
  readonly lockFile?: string;
}

const NICE = /^(?:\/usr\/bin\/)?nice(?:\s+(?:-n\s*|--adjustment=|-)(\d{1,2}))?\s+(?=[^\s-])/;
const FLOCK =
  /^(?:\/usr\/bin\/)?flock((?:\s+(?:-[nxeo]+|--nonblock|--nb|--exclusive|--close|(?:-w|--wait|--timeout)[ =]?\d+))*)\s+([^\s"'$`;|&<>()-][^\s"'$`;|&<>()]*)\s+(?=\S)/;

/** Takes a command apart. @param input what it gets on its standard input. @param shell the shell of the crontab. */
export function readCommand(written: string, input: string | undefined, shell: string): Command {
  let line = written.trim();
  let nice: number | undefined;
  let lockFile: string | undefined;
  const isOne = !/[;\n]|&&|\|\||(?<![<>&])&(?![>&])/.test(line.replace(/'[^']*'|"[^"]*"/g, ''));
  for (let changed = isOne; changed; ) {
    changed = false;
    const niced = nice === undefined ? NICE.exec(line) : null;
    if (niced !== null) {
      nice = Math.min(19, Number(niced[1] ?? 10));
      line = line.slice(niced[0].length);
      changed = true;
    }
    const locked = lockFile === undefined ? FLOCK.exec(line) : null;
    // A number is a descriptor that is open already.
    if (locked !== null && !/^\d+$/.test(locked[2] ?? '')) {
      lockFile = locked[2] ?? '';
      line = withoutC(line.slice(locked[0].length));
      changed = true;
    }
  }
  const words = input === undefined ? plainWords(line) : undefined;
  return {
    ...(words === undefined ? {} : { words }),
    run: input === undefined ? shellArgv(line, shell) : [shell, '-c', withInput(line, input)],
    locks: lockFile === undefined ? [] : [lockName(lockFile)],
    ...(nice === undefined || nice === 0 ? {} : { nice }),
    ...(lockFile === undefined ? {} : { lockFile }),
  };
}

/** `flock FILE -c 'COMMAND'`. */
function withoutC(line: string): string {
  const [, , single, double] = /^(-c|--command)\s+(?:'([^']*)'|"([^"$`\\]*)")\s*$/.exec(line) ?? [];
  return single ?? double ?? line;
}

/** Words where no shell is needed, but for where the output goes; the braces of `find -exec` are plain. */
function plainWords(line: string): readonly string[] | undefined {
  const bare = line.replace(/\s+(?:[12&]?>>?\s*\S+|2>&1)(?=\s|$)/g, '').trim();
  if (/[`\n]|\$\(|(?<!\\)[;|<>&()]/.test(bare)) return undefined;
  const words = splitWords(bare);
  return words.ok && words.value.length > 0 ? words.value : undefined;
}

function withInput(line: string, input: string): string {
  let mark = 'END_OF_INPUT';
  while (input.split('\n').includes(mark)) mark += '_';
  return `{\n${line}\n} <<'${mark}'\n${input}\n${mark}\n`;
}

function lockName(file: string): string {
  const base = file.split('/').findLast((part) => part !== '') ?? '';
  const name = base.replace(/\.(?:lock|lck|pid)$/, '').replace(/^[._-]+/, '');
  return name === '' ? 'lock' : name;
}
