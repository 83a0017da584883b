import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import type { Clock } from '../../../core/clock.ts';
import { endTree, type Exit, LIFE_VARIABLE, startProcess } from '../../../core/processes.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { mistake } from '../foreign.ts';

/** What the program that a config is may see of our environment: nothing that is anybody's secret. */
const SEEN = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'NVM_DIR',
];
const MOST_BYTES = 4_194_304;

export interface EvaluateOptions {
  readonly clock: Clock;
  /** Milliseconds until the program is killed, with all that it started. */
  readonly deadlineMs: number;
  readonly inherited: NodeJS.ProcessEnv;
  /** Further variables that it may see, by name. */
  readonly pass: readonly string[];
}

/**
 * Runs in a process of its own: prints what the file exports as JSON behind a mark. What the file itself prints goes to
 * standard error, which nobody reads. Values that JSON has no word for come as objects with one key.
 */
const CHILD = `
const [url, mark] = process.argv.slice(1);
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
const done = (answer) => write(mark + JSON.stringify(answer), () => process.exit(0));
const plain = (key, value) => {
  if (value instanceof RegExp) return { '$regexp': value.source };
  if (typeof value === 'function') return { '$function': value.name };
  if (typeof value === 'bigint') return String(value);
  return value === undefined ? { '$undefined': true } : value;
};
try {
  const found = await import(url);
  let value = 'default' in found ? found.default : { ...found };
  if (typeof value === 'function') value = value();
  done({ text: JSON.stringify(await value, plain) });
} catch (thrown) {
  done({ message: String(thrown?.message ?? thrown), name: thrown?.name, stack: String(thrown?.stack ?? '') });
}
`;

interface Answer {
  readonly text?: string;
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
}

/**
 * Evaluates a JavaScript file in a child process: it is a program, and runs with the rights of whoever imports it. It gets
 * no environment but a few harmless variables and a deadline; its whole process tree is gone when this returns.
 */
export async function evaluateConfig(
  file: string,
  { clock, deadlineMs, inherited, pass }: EvaluateOptions,
): Promise<Result<unknown, Diagnostic>> {
  const mark = `\n${randomUUID()}\n`;
  const life = `import/${randomUUID()}`;
  const env: Record<string, string> = { [LIFE_VARIABLE]: life };
  for (const name of [...SEEN, ...pass]) if (inherited[name] !== undefined) env[name] = inherited[name];
  const child = startProcess({
    argv: [
      process.execPath,
      '--no-warnings',
      '--input-type=module',
      '-e',
      CHILD,
      pathToFileURL(file).href,
      mark,
    ],
    env,
    cwd: dirname(file),
    stdout: 'pipe',
  });
  if (child.pid === undefined || child.stdout === null) return refuse(file, failure(await child.exited));
  const late = Promise.withResolvers<undefined>();
  const timer = clock.timer(deadlineMs, () => late.resolve(undefined));
  const output = readAll(child.stdout);
  const printed = await Promise.race([
    Promise.all([output, child.exited]).then(([text, exit]) => ({ text, exit })),
    late.promise,
  ]);
  timer.cancel();
  const tree = {
    pgid: child.pid,
    ...(child.startTicks === undefined ? {} : { startTicks: child.startTicks }),
  };
  await endTree({ ...tree, life, deadlineMs: 0, clock });
  child.stdout.destroy();
  if (printed === undefined) return refuse(file, `it does not end within ${deadlineMs} ms`);
  const [, json] = printed.text.split(mark);
  if (json === undefined) return refuse(file, failure(printed.exit));
  return answer(file, JSON.parse(json) as Answer);
}

function answer(file: string, { text, name, message = '', stack = '' }: Answer): Result<unknown, Diagnostic> {
  if (text !== undefined) return ok(JSON.parse(text));
  const [, line, column] = placeIn(stack, file) ?? [];
  const place = { line: Number(line ?? 1), column: Number(column ?? 1) };
  const what = `cannot evaluate ${file}: ${name ?? 'Error'}: ${message.split('\n')[0] ?? ''}`;
  return err(mistake(file, what, place));
}

/** The first place of the file in a stack. */
function placeIn(stack: string, file: string): RegExpExecArray | null {
  const at = stack.indexOf(file);
  return at < 0 ? null : /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + file.length));
}

function refuse(file: string, why: string): Result<never, Diagnostic> {
  return err(mistake(file, `cannot evaluate ${file}: ${why}`));
}

function failure(exit: Exit): string {
  if (exit.kind === 'failed') return exit.error;
  if (exit.kind === 'signalled') return `it was ended by ${exit.signal}`;
  return `it ended with exit code ${exit.code} and exported nothing`;
}

/** All that a pipe brings, up to MOST_BYTES; what is beyond is not JSON any more, and refused so. */
async function readAll(pipe: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  pipe.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
    else pipe.destroy();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  pipe.once('close', resolve);
  pipe.once('error', () => resolve());
  await promise;
  return bytes > MOST_BYTES ? '' : Buffer.concat(chunks).toString('utf8');
}
