import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import type { TestContext } from 'node:test';
import { onEnd, tempFolder } from './leaks.ts';
import { within } from './wait.ts';

/**
 * A disk that hangs: a file system in user space (FUSE) whose server takes every request and answers none. Whoever opens a file
 * there sleeps in the kernel; once it got a signal that would end it, it sleeps uninterruptibly, and not even SIGKILL helps.
 * When the server goes, everything goes on: the file is not there.
 */
export interface HungDisk {
  /** Whoever opens it sleeps. */
  readonly file: string;
  /** The disk is back. */
  release(): Promise<void>;
}

/** Answers with why it can't be had: it takes root and /dev/fuse. */
export async function createHungDisk(t: TestContext): Promise<HungDisk | string> {
  if (process.getuid?.() !== 0) return 'a hung disk needs root';
  if (!fs.existsSync('/dev/fuse')) return 'a hung disk needs /dev/fuse';
  const folder = tempFolder(t);
  const server = spawn(process.execPath, [import.meta.filename, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const release = async (): Promise<void> => {
    server.kill('SIGKILL');
    await within(gone, { what: 'the server of the hung disk to end' });
    spawnSync('umount', ['-l', folder]);
  };
  onEnd(t, release);
  const mounted = new Promise<boolean>((resolve) => {
    server.stdout.once('data', () => resolve(true));
    void gone.then(() => resolve(false));
  });
  if (!(await within(mounted, { what: 'the hung disk' }))) return 'a hung disk cannot be mounted here';
  return { file: `${folder}/file`, release };
}

/** As linux/fuse.h has it. */
const FUSE_INIT = 26;
const HEADER_BYTES = 16;
const INIT_BYTES = 64;

/** Serves the disk: greets the kernel, as it must, and answers nothing else for ever. */
function serve(folder: string): void {
  const device = fs.openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
  const { status } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hung', folder], {
    stdio: ['ignore', 'ignore', 'ignore', device],
  });
  if (status !== 0) process.exit(1);
  const request = Buffer.alloc(1_048_576);
  for (;;) {
    fs.readSync(device, request, 0, request.length, null);
    if (request.readUInt32LE(4) !== FUSE_INIT) continue;
    const answer = Buffer.alloc(HEADER_BYTES + INIT_BYTES);
    answer.writeUInt32LE(answer.length, 0);
    request.copy(answer, 8, 8, 16); // which request it is
    answer.writeUInt32LE(7, 16); // version 7.31
    answer.writeUInt32LE(31, 20);
    answer.writeUInt16LE(12, 32); // most requests in the background
    answer.writeUInt16LE(10, 34);
    answer.writeUInt32LE(65_536, 36); // the longest write
    fs.writeSync(device, answer);
    fs.writeSync(1, 'mounted\n');
  }
}

if (process.argv[1] === import.meta.filename) serve(process.argv[2] ?? '');
