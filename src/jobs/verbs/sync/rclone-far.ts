import * as v from 'valibot';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Far, FarFile, FarTrouble, Load } from '../../far/far.ts';
import type { SyncOptions } from './options.ts';
import { type ProgramEnd, type Programs, runProgram } from '../../program.ts';
import { patienceFor } from '../../far/shell.ts';

const MOST_OUTPUT = 1024 ** 3;
/** rclone's exit codes, from its documentation. */
const NO_FOLDER = 3;
const PASSING = new Set([1, 5, 6, 8]);

/**
 * Whatever rclone reaches: S3 and the rest. Its configuration and the secrets in it are its own (`rclone config`, RCLONE_CONFIG_…).
 * Files are read back by downloading them: a checksum that a store tells (an ETag least of all) is what it was told, not what it keeps.
 */
export function createRcloneFar(
  remote: string,
  target: string,
  options: SyncOptions,
  programs: Programs,
): Far {
  const call = async (
    words: readonly string[],
    load: Load | undefined,
  ): Promise<{ readonly end: ProgramEnd; readonly text: string }> => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const output = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= MOST_OUTPUT) pieces.push(piece);
    };
    const list = load === undefined ? [] : ['--files-from-raw', '-', '--no-traverse'];
    const names = load === undefined ? {} : { input: load.paths.map((path) => `${path}\n`) };
    const argv = ['rclone', ...words, ...list, ...limits(options)];
    const idleMs = patienceFor(load?.largest ?? 0);
    const end = await runProgram({ argv, ...names, output, idleMs }, programs);
    return { end, text: Buffer.concat(pieces).toString('utf8') };
  };
  const carry = async (from: string, into: string, load: Load) => {
    const links = options.links === 'copy' ? ['--copy-links'] : ['--skip-links'];
    const { end } = await call(
      ['copy', ...links, '--ignore-times', '--s3-no-check-bucket', from, into],
      load,
    );
    const trouble = rcloneTrouble(end, target);
    const isSome = end.exit.kind === 'exited' && end.exit.code === 1;
    const complaint = (path: string) => complaintOf(end, path);
    return { complaint, ...(trouble === undefined || isSome ? {} : { trouble }) };
  };
  return {
    target,
    nameProblem: (path) =>
      /[\r\n]/.test(path) || path !== path.trim()
        ? 'rclone cannot be told a name with a line break, or a blank at its end'
        : undefined,
    send: (root, load) => carry(root, remote, load),
    fetch: (root, load) => carry(remote, root, load),
    async checksums(load) {
      const { end, text } = await call(['hashsum', 'sha256', '--download', remote], load);
      const trouble = rcloneTrouble(end, target);
      // One that is not there is left out, with no error: whatever else is in the way says nothing of any file.
      return trouble === undefined ? ok(sumsOf(text, new Set(load.paths))) : err(trouble);
    },
    async list() {
      const { end, text } = await call(['lsjson', '-R', '--files-only', '--no-mimetype', remote], undefined);
      const trouble = rcloneTrouble(end, target);
      return trouble === undefined ? filesOf(text) : err(trouble);
    },
    async remove(paths) {
      // The limit holds even where the list should not be understood.
      const most = ['--max-delete', String(paths.length)];
      const { end } = await call(['delete', ...most, remote], { paths, largest: 0 });
      return rcloneTrouble(end, target);
    },
  };
}

function limits({ bandwidth }: SyncOptions): readonly string[] {
  return [
    '--retries=1',
    '--low-level-retries=3',
    '--contimeout=20s',
    '--timeout=5m',
    // A sign of life; what hangs is ended by `--timeout`.
    '--stats=1m',
    '--stats-log-level=NOTICE',
    '--stats-one-line',
    '--ask-password=false',
    ...(bandwidth === undefined ? [] : ['--bwlimit', `${Math.max(1, Math.round(bandwidth / 1024))}K`]),
  ];
}

const CLOCK = /^\d{4}\/\d\d\/\d\d [\d:]+ /;

/** What it says of errors, without its clock. What goes on in lines of their own (`caused by: …`, `status code: …`) stays with its beginning. */
function complaints({ said }: ProgramEnd): readonly string[] {
  const whole: string[] = [];
  for (const line of said) {
    const before = CLOCK.test(line) ? undefined : whole.pop();
    whole.push(before === undefined ? line.replace(CLOCK, '') : `${before}, ${line.trim()}`);
  }
  return whole.filter((line) => !line.startsWith('NOTICE:'));
}

function complaintOf(end: ProgramEnd, path: string): string | undefined {
  const lines = complaints(end);
  return lines.find((line) => line.includes(`: ${path}: `)) ?? lines.at(-1);
}

/** What an end of rclone means; undefined: all went well. */
function rcloneTrouble(end: ProgramEnd, target: string): FarTrouble | undefined {
  const { exit } = end;
  const last = complaints(end).at(-1) ?? '';
  if (exit.kind === 'failed') return { reason: exit.error, passing: false };
  if (exit.kind === 'silent') return { reason: 'rclone said nothing for too long', passing: true };
  if (exit.kind === 'signalled') return { reason: `rclone was ended by ${exit.signal}`, passing: true };
  // 9: there was nothing to carry.
  if (exit.code === 0 || exit.code === 9) return undefined;
  if (exit.code === NO_FOLDER) return { reason: `there is no ${target}: ${last}`, passing: false };
  const isForGood =
    /AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|didn't find section|NoSuchBucket|unknown flag/.test(
      last,
    );
  return {
    reason: `rclone (exit code ${exit.code}): ${last}`,
    passing: PASSING.has(exit.code) && !isForGood,
  };
}

const SUM = /^([0-9a-f]{64}) {2}(.+)$/;

function sumsOf(text: string, asked: ReadonlySet<string>): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, sum, path] = SUM.exec(line) ?? [];
    if (sum !== undefined && path !== undefined && asked.has(path)) sums.set(path, sum);
  }
  return sums;
}

const listed = v.array(v.object({ Path: v.string(), Size: v.number(), ModTime: v.string() }));

function filesOf(text: string): Result<readonly FarFile[], FarTrouble> {
  try {
    const parsed = v.parse(listed, JSON.parse(text));
    return ok(
      parsed
        .filter(({ Path }) => !/(^|\/)\.vahti\//.test(Path))
        .map(({ Path, Size, ModTime }) => ({ path: Path, bytes: Size, mtimeMs: Date.parse(ModTime) })),
    );
  } catch {
    return err({ reason: 'rclone lists what cannot be read', passing: false });
  }
}
