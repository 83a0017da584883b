import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { onEnd, tempFolder, TEST_VARIABLE, testStateId } from './leaks.ts';
import { within } from './wait.ts';

/** A root to install packages into, which sees the programs of this machine; nothing that is done to it stays. */
export interface ThrowawayRoot {
  /** Its path, for programs that `run` runs. */
  readonly path: string;
  /** Runs a command that sees it at its path. What it wrote to both its outputs is the answer. @throws where its exit code is not 0. */
  run(...argv: string[]): Promise<string>;
  /** Runs a command in it. */
  inside(...argv: string[]): Promise<string>;
}

const SCRIPT = path.join(import.meta.dirname, 'throwaway-root.sh');
const RUN_MS = 60_000;
/** No Node of another place: what is installed has its own. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Why there can be none; false where there can be one. */
export const noRoot: string | false = process.getuid?.() === 0 ? false : 'a root of its own needs root';

/** Makes one, gone at the end of the test. */
export async function throwawayRoot(t: TestContext): Promise<ThrowawayRoot> {
  const folder = tempFolder(t);
  const kinds = ['--mount', '--net', '--propagation', 'private'];
  const env = { PATH, LC_ALL: 'C.UTF-8', [TEST_VARIABLE]: `${testStateId}/` };
  const holder = spawn('unshare', [...kinds, SCRIPT, folder], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(holder, 'close');
  onEnd(t, async () => {
    holder.stdin.end();
    await within(ended, { what: 'the root to go' });
  });
  const early = ended.then((): never => {
    throw new Error(`cannot make a root: ${said}`);
  });
  early.catch(() => {});
  await within(Promise.race([once(holder.stdout, 'data'), early]), { what: 'the root' });
  const run = async (...argv: string[]): Promise<string> => {
    const enter = ['nsenter', '--target', String(holder.pid), '--mount', '--net', '--'];
    const [file = '', ...args] = [...enter, ...argv];
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const pipe of [child.stdout, child.stderr])
      pipe.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const over = once(child, 'close') as Promise<[number | null]>;
    const [code] = await within(over, { deadlineMs: RUN_MS, what: argv.join(' ') });
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with code ${code}: ${output}`);
    return output;
  };
  const root = path.join(folder, 'root');
  return { path: root, run, inside: (...argv) => run('chroot', root, ...argv) };
}
