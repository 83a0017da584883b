import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before } from 'node:test';
import { TEST_VARIABLE, testStateId } from './leaks.ts';
import { ROOT } from './vahti.ts';
import { until, within } from './wait.ts';

/**
 * A real systemd, as PID 1 of namespaces of its own: programs, Node and this checkout are there under the same paths, and nothing
 * that it does touches the machine. It boots in half a second; one for a test file is enough.
 */
export interface SystemdBox {
  /** Seen at the same path inside and outside. */
  readonly share: string;
  /** Runs a command in it to its end; what it wrote is the answer. @throws where its exit code is not 0. */
  run(...argv: string[]): Promise<string>;
  /** The words that start a command from outside so that it runs inside, in a folder, with the environment that it is given. */
  inside(cwd: string, ...argv: readonly string[]): readonly string[];
  /** Writes unit files by name and makes systemd read them. */
  units(files: Readonly<Record<string, string>>): Promise<void>;
  /** The pid outside of one that is known inside. */
  outer(pid: number): number;
  /**
   * Boots it again on what it has written; what is in memory alone is gone, as with the power. The boot id stays the same: it is the
   * kernel's, and each new /proc shows it.
   */
  reboot(): Promise<void>;
  /** Kills all that lives in it, and leaves nothing behind. */
  stop(): Promise<void>;
}

const SCRIPT = path.join(import.meta.dirname, 'systemd-box.sh');
const BOOT_MS = 30_000;
const RUN_MS = 30_000;

/** Why there can be no box here; false where there can be one. */
export const noBox: string | false = whyNot();

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'a systemd of its own needs root';
  if (!fs.existsSync('/lib/systemd/systemd')) return 'systemd is not installed (apt-get install systemd)';
  return false;
}

/** A box for all tests of a file: it boots before them and ends behind them, where there can be one. */
export function boxOfFile(): () => SystemdBox {
  let box: SystemdBox | undefined;
  before(async () => {
    if (noBox === false) box = await bootBox();
  });
  after(() => box?.stop());
  return () => {
    if (box === undefined) throw new Error('there is no box; tests that need one are to be skipped');
    return box;
  };
}

/** Boots one. To be stopped by whoever called this. */
async function bootBox(): Promise<SystemdBox> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'vahti-box-'));
  fs.chmodSync(folder, 0o755);
  const name = path.basename(folder);
  const visible = [ROOT, ...(process.execPath.startsWith(ROOT) ? [] : [process.execPath])];
  const argv = ['--mount', '--propagation', 'private', SCRIPT, 'boot', name, folder, ...visible];
  const box = spawn('unshare', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  box.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => {
    box.once('close', () => resolve());
    box.once('error', (error) => {
      said += error.message;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    // PID 1 of the box is the child of unshare, which ends it with itself.
    box.kill('SIGKILL');
    await within(ended, { what: 'the box to end' });
    const cleaned = await command('unshare', ['--mount', '--propagation', 'private', SCRIPT, 'clean', name]);
    fs.rmSync(folder, { recursive: true });
    if (cleaned.code !== 0) throw new Error(`cannot clean up behind the box: ${cleaned.output}`);
  };
  try {
    const init = (): number | undefined => childOf(childOf(box.pid ?? 0) ?? 0);
    const boot = waitForBoot(init);
    const early = ended.then((): never => {
      throw new Error(`the box ended: ${said}`);
    });
    early.catch(() => {});
    const at = { pid: await Promise.race([boot, early]) };
    const reboot = async (): Promise<void> => {
      fs.writeFileSync(path.join(folder, 'again'), '');
      const gone = at.pid;
      process.kill(gone, 'SIGKILL');
      const next = (): number | undefined => [init()].find((pid) => pid !== gone);
      at.pid = await Promise.race([waitForBoot(next), early]);
    };
    return { ...createBox(at, path.join(folder, 'share')), reboot, stop };
  } catch (thrown) {
    await stop();
    throw new Error(`cannot boot a box: ${said}`, { cause: thrown });
  }
}

function waitForBoot(find: () => number | undefined): Promise<number> {
  return until(
    async () => {
      const pid = find();
      if (pid === undefined) return undefined;
      const { output } = await command('nsenter', [...enter(pid), 'systemctl', 'is-system-running']);
      return /^(?:running|degraded)/m.test(output) ? pid : undefined;
    },
    { deadlineMs: BOOT_MS, what: 'the box to have booted' },
  );
}

/** @param at its first process, which is another one after each boot. */
function createBox(at: { readonly pid: number }, share: string): Omit<SystemdBox, 'stop' | 'reboot'> {
  const run = async (...argv: string[]): Promise<string> => {
    const { code, output } = await command('nsenter', [...enter(at.pid), ...argv]);
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with code ${code}: ${output}`);
    return output;
  };
  return {
    share,
    run,
    inside: (cwd, ...argv) => ['nsenter', ...enter(at.pid), 'env', `--chdir=${cwd}`, ...argv],
    async units(files) {
      for (const [name, text] of Object.entries(files))
        fs.writeFileSync(`/proc/${at.pid}/root/etc/systemd/system/${name}`, text);
      await run('systemctl', 'daemon-reload');
    },
    outer(inner) {
      const found = fs.readdirSync('/proc').find((each) => innerPid(each, at.pid) === inner);
      if (found === undefined) throw new Error(`no process ${inner} in the box`);
      return Number(found);
    },
  };
}

/** All namespaces of a process, its root and its folder. */
function enter(pid: number): string[] {
  return ['--target', String(pid), '--all', '--root', '--wd', '--'];
}

/** What a process of the box is called inside. */
function innerPid(outer: string, init: number): number | undefined {
  try {
    if (fs.readlinkSync(`/proc/${outer}/ns/pid`) !== fs.readlinkSync(`/proc/${init}/ns/pid`))
      return undefined;
    const numbers = /^NSpid:\s*(.*)$/m.exec(fs.readFileSync(`/proc/${outer}/status`, 'utf8'))?.[1];
    return Number(numbers?.split('\t').at(-1));
  } catch {
    return undefined; // no process, or gone by now
  }
}

function childOf(pid: number): number | undefined {
  try {
    const [first] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return first === undefined || first === '' ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

/** Runs a program; what it wrote to both its outputs, in order. */
async function command(
  file: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const env = { ...process.env, [TEST_VARIABLE]: `${testStateId}/`, LC_ALL: 'C.UTF-8' };
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const over = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code: await within(over, { deadlineMs: RUN_MS, what: `${file} ${args.join(' ')}` }), output };
}
