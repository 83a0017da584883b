/** A line of a shell that stays in the foreground. */
export interface Foreground {
  readonly line: string;
  /** The folder that it began with, where that is a plain path. */
  readonly cwd?: string;
}

const FOLDER = /^\s*cd\s+("[^"]*"|'[^']*'|[^\s"'&;|]+)\s*(?:&&|;)\s*/;
/** `nohup … > log 2>&1 & echo $! > pid`: what puts a command into the background, and notes its pid. */
const BACKGROUND =
  /^(?:(?:nohup|setsid)\s+)*(.*?)\s*(?<![&>])&(?![&>])\s*(?:echo\s+"?\$!"?\s*>\s*[^;&|]+)?;?\s*$/s;

/** A line that puts one command into the background, without what does so; undefined where it is another one. */
export function withoutBackground(script: string): Foreground | undefined {
  const [folder = '', quoted = ''] = FOLDER.exec(script) ?? [];
  const command = BACKGROUND.exec(script.slice(folder.length))?.[1];
  if (command === undefined || command === '') return undefined;
  if (/[;|&`\n]/.test(command.replace(/[<>]&|&>/g, ''))) return undefined;
  const cwd = quoted.replace(/^["']|["']$/g, '');
  if (folder === '') return { line: command };
  const isPath = cwd.startsWith('/') && !/[$*?~\\]/.test(cwd);
  return isPath ? { line: command, cwd } : { line: `${folder}exec ${command}` };
}
