import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configOfMark } from '../../deploy/unit-file.ts';
import type { Clock } from '../../core/clock.ts';
import { lookupUser } from '../../core/processes.ts';
import { err, errorCode, ok, type Result } from '../../core/result.ts';
import { runProgram } from '../../run/systemd/program.ts';
import { POLKIT_FILE, SYSUSERS_FILE, TMPFILES_FILE, UNIT_FOLDER } from './render.ts';

/** The machine, or the root of an image, that is installed into. */

/** How long one program may take, milliseconds. A stop of many units takes as long as the slowest of them. */
const PROGRAM_MS = 60_000;
const MOST_BYTES = 1_048_576;

/** Runs a program of the system to its end; what it printed, or a whole sentence. */
export async function runTool(
  argv: readonly string[],
  clock: Clock,
  deadlineMs = PROGRAM_MS,
): Promise<Result<string, string>> {
  const { exit, stdout, stderr } = await runProgram(
    argv,
    { clock, life: 'vahti-install' },
    { deadlineMs, mostBytes: MOST_BYTES },
  );
  if (exit.kind === 'exited' && exit.code === 0) return ok(stdout);
  const what = `cannot run ${argv.slice(0, 3).join(' ')}`;
  if (exit.kind === 'failed') return err(exit.error);
  if (exit.kind === 'exited') return err(`${what}: ${lastLine(stderr) || `exit code ${exit.code}`}`);
  if (exit.kind === 'signalled') return err(`${what}: ended by ${exit.signal}`);
  return err(`${what}: no end within ${deadlineMs / 1000} s`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

/** Whether systemd is PID 1 here: sd_booted(3). */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** A file that an install wrote. */
export interface OwnFile {
  /** On the installed machine. */
  readonly path: string;
  readonly text: string;
  /** The config that it was made from. */
  readonly config: string;
}

/** Every file of ours that lies where installs write. @param root of an image; '' is the machine itself. */
export function readOwnFiles(root: string): readonly OwnFile[] {
  const units = namesIn(root + UNIT_FOLDER)
    .filter((name) => name.endsWith('.service'))
    .map((name) => join(UNIT_FOLDER, name));
  return [...units, POLKIT_FILE, SYSUSERS_FILE, TMPFILES_FILE].flatMap((path): OwnFile[] => {
    const text = readText(root + path);
    const config = text === undefined ? undefined : configOfMark(text);
    return text === undefined || config === undefined ? [] : [{ path, text, config }];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined for what is not there, or is no file of text: a link to /dev/null, say. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** The number of a group; undefined where there is none. */
function lookupGroup(name: string): number | undefined {
  const line = (readText('/etc/group') ?? '').split('\n').find((each) => each.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  return id === undefined ? undefined : Number(id);
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who owns what is made for a user, and perhaps a group. The error is a whole sentence. */
export async function ownerOf(user: string, group: string | undefined): Promise<Result<Owner, string>> {
  const found = await lookupUser(user);
  if (found === undefined) return err(`cannot find the user "${user}"`);
  const gid = group === undefined ? found.gid : lookupGroup(group);
  return gid === undefined ? err(`cannot find the group "${group}"`) : ok({ uid: found.uid, gid });
}
