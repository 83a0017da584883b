import * as fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * File operations on which durability rests, behind one seam: everything that must survive a kill goes
 * through `disk`, so that a test can stop the process, or fail, between any two of them.
 * Paths are absolute. Each operation rejects with Node's system error.
 */
export interface Files {
  /** Opens for reading and writing; `create` makes the file, and fails if it is there already. */
  open(path: string, how: 'read' | 'update' | 'create'): Promise<number>;
  /** Writes all of `data` at `position` (bytes). */
  write(fd: number, data: Uint8Array, position: number): Promise<void>;
  /** Reads up to `length` bytes at `position`; the result is shorter at the end of the file. */
  read(fd: number, position: number, length: number): Promise<Buffer>;
  /** Makes data and length durable. A failed call must never be retried: the kernel may have dropped the pages. */
  datasync(fd: number): Promise<void>;
  truncate(fd: number, length: number): Promise<void>;
  stat(fd: number): Promise<{ readonly ino: number; readonly size: number }>;
  close(fd: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; fails with EEXIST where the name is taken, which `rename` does not. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
}

const openFile = promisify(fs.open);
const writeFile = promisify(fs.write);
const readFile = promisify(fs.read);
const closeFile = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);

const FLAGS = { read: 'r', update: 'r+', create: 'wx+' } as const;

/** The real disk. One object, shared by everything in the process, so that a test can wrap its methods. */
export const disk: Files = {
  open: (path, how) => openFile(path, FLAGS[how]),
  async write(fd, data, position) {
    let done = 0;
    while (done < data.length) {
      const { bytesWritten } = await writeFile(fd, data, done, data.length - done, position + done);
      done += bytesWritten;
    }
  },
  async read(fd, position, length) {
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await readFile(fd, buffer, done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  },
  datasync: (fd) => fdatasync(fd),
  truncate: (fd, length) => ftruncate(fd, length),
  async stat(fd) {
    const { ino, size } = await fstat(fd);
    return { ino, size };
  },
  close: (fd) => closeFile(fd),
  rename: (from, to) => fs.promises.rename(from, to),
  link: (from, to) => fs.promises.link(from, to),
  unlink: (path) => fs.promises.unlink(path),
  async mkdir(path) {
    await fs.promises.mkdir(path);
  },
  async syncFolder(path) {
    const fd = await openFile(path, 'r');
    try {
      await fsync(fd);
    } finally {
      await closeFile(fd);
    }
  },
};
