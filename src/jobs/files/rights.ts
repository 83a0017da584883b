import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { FileLook } from './identity.ts';

const fchown = promisify(fs.fchown);
const fchmod = promisify(fs.fchmod);

/**
 * Makes that nobody may read a new file who may not read the one that it is made from; to be called before its first byte. Only root can
 * give files away. By the open file: whoever may write to its folder could have put a link under its name.
 */
export async function giveRights(fd: number, { mode, uid, gid }: FileLook): Promise<void> {
  await fchown(fd, uid, gid).catch(() => undefined);
  await fchmod(fd, mode & 0o777);
}
