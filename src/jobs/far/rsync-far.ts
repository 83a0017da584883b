import { type Far, type Load, STAGING } from './far.ts';
import { type Programs, runProgram } from '../program.ts';
import { rsyncTrouble } from './rsync-ends.ts';
import { createFarShell, patienceFor } from './shell.ts';
import { rsyncShellWords, type SshOptions, sshWords } from './ssh.ts';

export interface RsyncPlace {
  /** Undefined: a folder of this machine. */
  readonly host: string | undefined;
  readonly path: string;
  readonly target: string;
}

/** As they are written in the config. */
export interface RsyncOptions extends SshOptions {
  readonly links?: 'copy' | 'keep' | 'skip' | undefined;
  readonly group?: string | undefined;
  readonly permissions?: string | undefined;
  /** Bytes a second. */
  readonly bandwidth?: number | undefined;
}

/** rsync's own limit for silence on its connection, seconds. */
const SILENCE_S = 300;

/**
 * A folder that rsync writes, over ssh or here. A file gets its name when it is whole; what is left of an interrupted one waits in
 * `.vahti-partial` beside it. Read back by sha256sum there.
 * @param progress is told how many bytes of the load are through.
 */
export function createRsyncFar(
  place: RsyncPlace,
  options: RsyncOptions,
  programs: Programs,
  progress: (bytes: number) => void,
): Far {
  const { host, path, target } = place;
  const shell = createFarShell({ host, path, ssh: options }, programs);
  // Since 3.2.4 of 2022; where one of the two is older, `sync` before the reading does it alone.
  let knowsFsync = true;
  const there = `${host === undefined ? '' : `${host}:`}${path.endsWith('/') ? path : `${path}/`}`;

  const carry = async (load: Load, from: string, into: string) => {
    const shellWords = host === undefined ? [] : ['-e', rsyncShellWords(sshWords(options))];
    const words = (): readonly string[] => {
      const fsync = knowsFsync ? ['--fsync'] : [];
      return ['rsync', ...argumentsOf(options), ...fsync, ...shellWords, '--', from, into];
    };
    const run = {
      input: named(load.paths),
      output: (piece: Buffer) => tellProgress(piece, progress),
      idleMs: patienceFor(load.largest),
    };
    let end = await runProgram({ ...run, argv: words() }, programs);
    if (knowsFsync && end.exit.kind === 'exited' && end.exit.code !== 0 && end.said.some(isOfFsync)) {
      knowsFsync = false;
      end = await runProgram({ ...run, input: named(load.paths), argv: words() }, programs);
    }
    const trouble = rsyncTrouble(end, host);
    const complaint = (of: string) => complaintOf(end.said, of);
    return { complaint, ...(trouble === undefined ? {} : { trouble }) };
  };

  return {
    target,
    nameProblem: () => undefined,
    send: (root, load) => carry(load, `${root}/`, there),
    fetch: (root, load) => carry(load, there, `${root}/`),
    checksums: (load, durably) => shell.checksums(load, durably),
    list: () => shell.list(),
    remove: (paths) => shell.remove(paths),
  };
}

function argumentsOf({ links, group, permissions, bandwidth }: RsyncOptions): readonly string[] {
  return [
    '--files-from=-',
    '--from0',
    '-s',
    '--times',
    '--perms',
    '--omit-dir-times',
    // All that is in the list is to be carried: what is equal is known by its checksum, not by size and time.
    '--ignore-times',
    `--partial-dir=${STAGING}`,
    `--timeout=${SILENCE_S}`,
    '--info=progress2',
    '--no-human-readable',
    ...(links === 'copy' ? ['--copy-links'] : links === 'keep' ? ['--links'] : []),
    ...(group === undefined ? [] : ['--group', `--chown=:${group}`]),
    ...(permissions === undefined ? [] : [`--chmod=${permissions}`]),
    ...(bandwidth === undefined ? [] : [`--bwlimit=${Math.max(1, Math.round(bandwidth / 1024))}`]),
  ];
}

function* named(paths: readonly string[]): Generator<string, void> {
  // Else one that begins with # or ; would be a comment.
  for (const path of paths) yield `./${path}\0`;
}

function isOfFsync(line: string): boolean {
  return line.includes('--fsync') && /unknown option|unrecognized|invalid/i.test(line);
}

function tellProgress(piece: Buffer, progress: (bytes: number) => void): void {
  const [bytes] =
    /^\s*(\d+)\s+\d+%/
      .exec(
        piece
          .toString('latin1')
          .split(/[\r\n]/)
          .findLast((line) => line.includes('%')) ?? '',
      )
      ?.slice(1) ?? [];
  if (bytes !== undefined) progress(Number(bytes));
}

function complaintOf(said: readonly string[], path: string): string | undefined {
  const own = said.find((line) => line.includes(`/${path}"`) || line.includes(`"${path}"`));
  return own ?? said.find((line) => !line.startsWith('rsync error: ')) ?? said.at(-1);
}
