import { withoutBackground } from '../background.ts';
import { shellArgv } from '../shell-line.ts';

/** Splits a command as Monit does: blanks part words, quotes hold them together, no shell. */
export function monitWords(command: string): readonly string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_, double: string | undefined, single: string | undefined) => double ?? single ?? '',
    ),
  );
}

/** What runs a process that Monit starts: a unit of systemd, or a command. */
export type Started =
  | { readonly kind: 'unit'; readonly unit: string }
  | {
      readonly kind: 'run';
      readonly argv: readonly string[];
      readonly cwd?: string;
      readonly user?: string;
      /** It was put into the background by words around it, which were left out. */
      readonly unwrapped: boolean;
    };

const UNIT_NAME = /^[A-Za-z0-9:_.\\@-]+$/;

/** Finds out what a `start program` starts. */
export function readStart(command: string): Started {
  const words = withoutSudo(monitWords(command));
  const inner = shellScript(words);
  const unit = unitOf(inner === undefined ? words : withoutSudo(monitWords(inner)));
  if (unit !== undefined) return { kind: 'unit', unit };
  if (nameOf(words[0]) === 'start-stop-daemon') return readStartStopDaemon(words);
  if (inner !== undefined) return unwrap(words, inner);
  return { kind: 'run', argv: words, unwrapped: false };
}

function nameOf(word: string | undefined): string {
  return word?.split('/').at(-1) ?? '';
}

function withoutSudo(words: readonly string[]): readonly string[] {
  return nameOf(words[0]) === 'sudo' && words[1]?.startsWith('-') === false ? words.slice(1) : words;
}

/** The script of `sh -c SCRIPT`. */
function shellScript([shell, flag, script, ...more]: readonly string[]): string | undefined {
  const isShell = /^(?:ba|da|k|z)?sh$/.test(nameOf(shell)) && /^-l?c$/.test(flag ?? '');
  return isShell && more.length === 0 ? script : undefined;
}

/** The unit that a command starts or restarts, as `systemctl start x`, `service x start`, `/etc/init.d/x start`. */
function unitOf(words: readonly string[]): string | undefined {
  const [program, first = '', second = '', ...more] = words.filter(
    (word) => !/^(?:--no-block|-q|--quiet)$/.test(word),
  );
  const isStart = (word: string): boolean => /^(?:re)?start$/.test(word);
  const named = (): string | undefined => {
    if (more.length > 0) return undefined;
    const tool = nameOf(program);
    if (tool === 'systemctl') return isStart(first) ? second : undefined;
    if (tool === 'service' || tool === 'invoke-rc.d' || tool === 'rc-service')
      return isStart(second) ? first : undefined;
    // Upstart's own.
    if (/^\/s?bin\/start$/.test(program ?? '')) return second === '' ? first : undefined;
    return /^\/etc\/(?:rc\.d\/)?init\.d\//.test(program ?? '') && isStart(first) && second === ''
      ? tool
      : undefined;
  };
  const name = named();
  if (name === undefined || name === '' || !UNIT_NAME.test(name)) return undefined;
  if (/\.(?:socket|timer|target|mount|path|slice|scope|device|swap|automount)$/.test(name)) return undefined;
  return name.endsWith('.service') ? name : `${name}.service`;
}

/** Options of start-stop-daemon(8) that take a word. */
const VALUES = new Map<string, 'exec' | 'chdir' | 'chuid' | undefined>([
  ['-a', 'exec'],
  ['--startas', 'exec'],
  ['-x', 'exec'],
  ['--exec', 'exec'],
  ['-d', 'chdir'],
  ['--chdir', 'chdir'],
  ['-c', 'chuid'],
  ['--chuid', 'chuid'],
  ['-p', undefined],
  ['--pidfile', undefined],
  ['-n', undefined],
  ['--name', undefined],
  ['-u', undefined],
  ['--user', undefined],
  ['-g', undefined],
  ['--group', undefined],
  ['-s', undefined],
  ['--signal', undefined],
  ['-R', undefined],
  ['--retry', undefined],
  ['-N', undefined],
  ['--nicelevel', undefined],
  ['-k', undefined],
  ['--umask', undefined],
  ['-O', undefined],
  ['--output', undefined],
]);

function readStartStopDaemon(words: readonly string[]): Started {
  const found: { exec?: string; chdir?: string; chuid?: string } = {};
  const end = words.indexOf('--');
  const options = end < 0 ? words.slice(1) : words.slice(1, end);
  for (let at = 0; at < options.length; at++) {
    const [option = '', value] = (options[at] ?? '').split(/=(.*)/s);
    if (!VALUES.has(option)) continue;
    const key = VALUES.get(option);
    const said = value ?? options[++at];
    // What is started is `--startas` where it stands beside `--exec`.
    if (
      key !== undefined &&
      said !== undefined &&
      !(key === 'exec' && found.exec !== undefined && /^(?:-x|--exec)$/.test(option))
    )
      found[key] = said;
  }
  if (found.exec === undefined) return { kind: 'run', argv: words, unwrapped: false };
  const user = found.chuid?.split(':')[0];
  return {
    kind: 'run',
    argv: [found.exec, ...(end < 0 ? [] : words.slice(end + 1))],
    ...(found.chdir === undefined ? {} : { cwd: found.chdir }),
    ...(user === undefined || user === '' ? {} : { user }),
    unwrapped: options.some((option) => /^(?:-b|--background)$/.test(option)),
  };
}

function unwrap(words: readonly string[], script: string): Started {
  const found = withoutBackground(script);
  if (found === undefined) return { kind: 'run', argv: words, unwrapped: false };
  const { line, cwd } = found;
  return {
    kind: 'run',
    argv: shellArgv(line, words[0]),
    ...(cwd === undefined ? {} : { cwd }),
    unwrapped: true,
  };
}
