import { err, ok, type Result } from '../../../core/result.ts';
import { quoteForShell } from '../shell-line.ts';
import { expand, type Expansions } from './expand.ts';
import { splitCommand } from './python-words.ts';

// Private-use characters: no command has them.
const OPEN = '\ue000';
const CLOSE = '\ue001';
const MARK = new RegExp(`${OPEN}(\\w+)${CLOSE}`, 'g');

/** The `%(ENV_X)s` of a text that supervisord's own settings do not say: they come from the environment that it was started in. */
function outerVariables(text: string, known: Expansions): string[] {
  const names = [...text.matchAll(/%\(ENV_([A-Za-z_]\w*)\)/g)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => !known.has(`ENV_${name}`));
}

export interface Command {
  readonly argv: readonly string[];
  /** Variables that the command takes from the daemon's environment when it starts. */
  readonly variables: readonly string[];
}

/**
 * A command's words. What it takes from supervisord's environment it takes from the daemon's, by a shell, when it starts: its
 * values are neither known here nor for a config to hold. `${X:?}` fails where X is not set, as supervisord does.
 * @param known what `environment=` and supervisord itself define.
 */
export function readCommand(
  text: string,
  known: Expansions,
  umask: number | undefined,
  inherited: NodeJS.ProcessEnv,
): Result<Command, string> {
  const variables = outerVariables(text, known);
  const marks = variables.map((name) => [`ENV_${name}`, `${OPEN}${name}${CLOSE}`] as const);
  const expanded = expand(text, new Map<string, string | number>([...known, ...marks]));
  if (!expanded.ok) return expanded;
  const words = splitCommand(expanded.value);
  if (!words.ok) return err(`cannot split it into words: ${words.error}`);
  if (words.value.length === 0) return err('it has no words');
  if (variables.length === 0) return ok({ argv: withUmask(words.value, umask), variables });
  const line = words.value.map((word) => shellWord(word, inherited)).join(' ');
  const mask = umask === undefined ? '' : `umask ${octal(umask)}; `;
  return ok({ argv: ['sh', '-c', `${mask}exec ${line}`], variables });
}

/** A word for a shell. One that is a variable alone, and a list by its value here, is split as supervisord splits it. */
function shellWord(word: string, inherited: NodeJS.ProcessEnv): string {
  const [, alone] = new RegExp(`^${OPEN}(\\w+)${CLOSE}$`).exec(word) ?? [];
  if (alone !== undefined && /\s/.test(inherited[alone] ?? '')) return `\${${alone}:?}`;
  let written = '';
  let from = 0;
  for (const match of word.matchAll(MARK)) {
    const before = word.slice(from, match.index);
    written += `${before === '' ? '' : quoteForShell(before)}"\${${match[1]}:?}"`;
    from = match.index + match[0].length;
  }
  const rest = word.slice(from);
  return rest === '' && written !== '' ? written : written + quoteForShell(rest);
}

function withUmask(words: readonly string[], umask: number | undefined): readonly string[] {
  if (umask === undefined) return words;
  return ['sh', '-c', `umask ${octal(umask)}; exec "$0" "$@"`, ...words];
}

function octal(umask: number): string {
  return umask.toString(8).padStart(3, '0');
}
