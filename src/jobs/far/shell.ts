import { err, ok, type Result } from '../../core/result.ts';
import type { FarFile, FarTrouble, Load } from './far.ts';
import { type ProgramEnd, type Programs, runProgram } from '../program.ts';
import { shellWord, sshTrouble, sshWords, type SshOptions } from './ssh.ts';

/** Commands in the root at the far side: over ssh, or right here. Names travel on stdin, never in a command line. */
export interface FarShell {
  checksums(load: Load, durably: boolean): Promise<Result<ReadonlyMap<string, string>, FarTrouble>>;
  list(): Promise<Result<readonly FarFile[], FarTrouble>>;
  remove(paths: readonly string[]): Promise<FarTrouble | undefined>;
  /** Makes folders. */
  makeFolders(paths: readonly string[]): Promise<FarTrouble | undefined>;
  /** Gives files their names; answers with those (by `from`) that have them, durably. */
  rename(moves: readonly FarMove[]): Promise<Result<ReadonlySet<string>, FarTrouble>>;
}

/** A new name for a file at the far side. */
export interface FarMove {
  readonly from: string;
  readonly to: string;
  /** What has the name already is replaced; else that fails. */
  readonly over: boolean;
}

export interface ShellPlace {
  /** Undefined: here. */
  readonly host: string | undefined;
  readonly path: string;
  readonly ssh: SshOptions;
}

const NO_FOLDER = 93;
const NOT_SYNCED = 94;
/** Behind it comes our answer; before it, what a login may say. */
const MARK = '\0vahti\0';
const MARK_COMMAND = `printf '\\0vahti\\0'`;
/** xargs(1): some of the calls ended with 1 to 125, as sha256sum does for a file that is not there. */
const SOME_FAILED = 123;
const NOT_FOUND = new Set([126, 127]);

/** Of FROM, TO and how: a link fails where the name is taken. Where there are no links it is looked at first. */
const RENAME = [
  `if [ "$3" = ./over ]; then mv -f -T -- "$1" "$2"`,
  `elif ln -T -- "$1" "$2" 2>/dev/null; then rm -f -- "$1"`,
  `else [ ! -e "$2" ] && [ ! -L "$2" ] && mv -n -T -- "$1" "$2" && [ ! -e "$1" ]`,
  `fi && printf '%s\\0' "$1"; exit 0`,
].join('; ');

const QUIET_MS = 600_000;
/** The slowest far disk that is waited for, bytes a millisecond. */
const SLOWEST = 5_000;
const MOST_OUTPUT = 1024 ** 3;

/** For how long nothing may be heard while files are read or written, milliseconds. */
export function patienceFor(largest: number): number {
  return QUIET_MS + Math.ceil(largest / SLOWEST);
}

/** Runs a script in the folder at the far side; answers with what it printed, cut at NULs. */
type Run = (
  script: string,
  paths: readonly string[] | undefined,
  idleMs: number,
) => Promise<Result<Answer, FarTrouble>>;

function runnerOf(place: ShellPlace, programs: Programs): Run {
  return async (script, paths, idleMs) => {
    const whole = `cd -- ${shellWord(place.path)} || exit ${NO_FOLDER}; ${MARK_COMMAND}; ${script}`;
    const argv =
      place.host === undefined ? ['sh', '-c', whole] : [...sshWords(place.ssh), '--', place.host, whole];
    const pieces: Buffer[] = [];
    let bytes = 0;
    const output = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= MOST_OUTPUT) pieces.push(piece);
    };
    const names = paths === undefined ? {} : { input: terminated(paths) };
    const end = await runProgram({ argv, ...names, output, idleMs }, programs);
    const trouble = troubleOf(end, place);
    if (trouble !== undefined) return err(trouble);
    const text = Buffer.concat(pieces).toString('utf8');
    const at = text.indexOf(MARK);
    if (at < 0 || bytes > MOST_OUTPUT)
      return err({ reason: 'the far side answers what was not asked', passing: false });
    return ok({ items: text.slice(at + MARK.length).split('\0'), said: end.said, isWhole: isZero(end) });
  };
}

export function createFarShell(place: ShellPlace, programs: Programs): FarShell {
  const run = runnerOf(place, programs);
  return {
    async checksums({ paths, largest }, durably) {
      // What was just sent is to be on the far disk before it is said to be there.
      const settle = durably ? `sync -f . 2>/dev/null || sync || exit ${NOT_SYNCED}; ` : '';
      // What is reached through a link does not lie there: only real paths are read.
      const script = `${settle}export LC_ALL=C; printf '%s\\0' "$(pwd -P)"; xargs -0 -r realpath -e -z -- | xargs -0 -r sha256sum -b -z --`;
      const ran = await run(script, paths, patienceFor(largest));
      if (!ran.ok) return ran;
      const { items, said } = ran.value;
      const refused = said.find((line) => /unrecognized option|invalid option|^xargs: /.test(line));
      if (refused !== undefined)
        return err({
          reason: `its programs are too old (coreutils 8.25 is needed): ${refused}`,
          passing: false,
        });
      const [real = '', ...sums] = items;
      return ok(sumsOf(sums, real === '/' ? '/' : `${real}/`, new Set(paths)));
    },
    async list() {
      const script = `LC_ALL=C exec find . -xdev '(' -name .vahti -o -name .vahti-partial ')' -prune -o -type f -printf '%s %T@ %p\\0'`;
      const ran = await run(script, undefined, QUIET_MS);
      return ran.ok ? ok(ran.value.items.flatMap(fileOf)) : ran;
    },
    async makeFolders(paths) {
      const ran = await run(`LC_ALL=C exec xargs -0 -r mkdir -p --`, paths, QUIET_MS);
      if (!ran.ok) return ran.error;
      const { isWhole, said } = ran.value;
      return isWhole ? undefined : { reason: said.at(-1) ?? 'a folder cannot be made there', passing: false };
    },
    async rename(moves) {
      const words = moves.flatMap(({ from, to, over }) => [from, to, over ? 'over' : 'new']);
      const script = `export LC_ALL=C; xargs -0 -r -n 3 sh -c ${shellWord(RENAME)} sh; sync -f . 2>/dev/null || sync || exit ${NOT_SYNCED}`;
      const ran = await run(script, words, QUIET_MS);
      if (!ran.ok) return ran;
      return ok(new Set(ran.value.items.map((item) => item.replace(/^\.\//, ''))));
    },
    async remove(paths) {
      const ran = await run(`LC_ALL=C exec xargs -0 -r rm -f --`, paths, QUIET_MS);
      if (!ran.ok) return ran.error;
      const { isWhole, said } = ran.value;
      return isWhole
        ? undefined
        : { reason: said.at(-1) ?? 'a file cannot be deleted there', passing: false };
    },
  };
}

interface Answer {
  readonly items: readonly string[];
  /** No call of a program failed. */
  readonly isWhole: boolean;
  readonly said: readonly string[];
}

function isZero({ exit }: ProgramEnd): boolean {
  return exit.kind === 'exited' && exit.code === 0;
}

function* terminated(paths: readonly string[]): Generator<string, void> {
  // A name of its own may begin with a dash, or be one: then it would mean stdin.
  for (const path of paths) yield `./${path}\0`;
}

function troubleOf({ exit, said }: ProgramEnd, { host, path }: ShellPlace): FarTrouble | undefined {
  const last = said.at(-1) ?? '';
  const who = host ?? 'this machine';
  if (exit.kind === 'failed') return { reason: exit.error, passing: false };
  if (exit.kind === 'silent')
    return { reason: `${who} said nothing for too long while it read files`, passing: true };
  if (exit.kind === 'signalled')
    return { reason: `reading on ${who} was ended by ${exit.signal}`, passing: true };
  if (exit.code === 0 || exit.code === SOME_FAILED) return undefined;
  if (exit.code === 255 && host !== undefined) return sshTrouble(host, said);
  if (exit.code === NO_FOLDER) {
    const hint = 'it is never made by itself, as a disk that is not mounted would then be filled elsewhere';
    return { reason: `${who} has no folder ${path} (${last}); make it once: ${hint}`, passing: false };
  }
  if (exit.code === NOT_SYNCED)
    return { reason: `${who} cannot make durable what was sent: ${last}`, passing: false };
  if (NOT_FOUND.has(exit.code)) return { reason: `${who} lacks a program: ${last}`, passing: false };
  return { reason: `${who} cannot read files (exit code ${exit.code}): ${last}`, passing: false };
}

const SUM = /^([0-9a-f]{64}) [ *](.+)$/s;

function sumsOf(
  items: readonly string[],
  root: string,
  asked: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const item of items) {
    const [, sum, full = ''] = SUM.exec(item) ?? [];
    const path = full.startsWith(root) ? full.slice(root.length) : '';
    if (sum !== undefined && asked.has(path)) sums.set(path, sum);
  }
  return sums;
}

const FOUND = /^(\d+) (-?\d+(?:\.\d+)?) \.\/(.+)$/s;

function fileOf(item: string): readonly FarFile[] {
  const [, bytes, seconds, path] = FOUND.exec(item) ?? [];
  if (bytes === undefined || seconds === undefined || path === undefined) return [];
  return [{ path, bytes: Number(bytes), mtimeMs: Number(seconds) * 1000 }];
}
