import { closeSync, createReadStream, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { link, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.ts';
import { type Far, type FarTrouble, STAGING } from '../../far/far.ts';
import { createRsyncFar, type RsyncOptions } from '../../far/rsync-far.ts';
import { createFarShell, patienceFor } from '../../far/shell.ts';
import { shellWord, sshTrouble, sshWords } from '../../far/ssh.ts';
import { type Programs, runProgram } from '../../program.ts';
import type { Copy, Outlet, Place, Refused } from './outlet.ts';

const MIB = 1024 * 1024;

export interface SshPlace {
  readonly host: string;
  readonly path: string;
  readonly target: string;
}

/**
 * A folder that is reached by ssh. Files get there under temporary names, by rsync or through ssh itself, are read back by sha256sum,
 * and then get their names by link(1), all there.
 * @param work a folder here for what is on its way, on the filesystem of the private copies.
 */
export function createSshOutlet(
  place: SshPlace,
  by: 'rsync' | 'ssh',
  options: RsyncOptions,
  programs: Programs,
  work: string,
): Outlet {
  const { host, path, target } = place;
  const shell = createFarShell({ host, path, ssh: options }, programs);
  const far = createRsyncFar(place, options, programs, () => {});
  const load = (places: readonly Place[]) => ({
    paths: places.map((each) => each.path),
    largest: Math.max(0, ...places.map(({ bytes }) => bytes)),
  });
  return {
    target,
    isHere: false,
    most: { files: 500, bytes: 1024 * MIB },
    look: (places) => shell.checksums(load(places), false),
    async put(copies) {
      const sent =
        by === 'rsync'
          ? await sendTree(copies, work, (root) => far.send(root, load(placesOf(copies))))
          : await sendEach(copies, place, options, programs, shell.makeFolders);
      if (!sent.ok) return sent;
      const back = await shell.checksums(load(placesOf(copies)), true);
      return back.ok ? ok(refusedOf(copies, back.value, sent.value, target)) : back;
    },
    async name(namings) {
      const named = await shell.rename(
        namings.map(({ temp, place: to, over }) => ({ from: temp, to, over })),
      );
      if (!named.ok) return named;
      const left = namings.filter(({ temp }) => !named.value.has(temp));
      return ok(
        new Map(
          left.map(({ temp, place: to }) => [temp, `something else came to ${target}/${to} meanwhile`]),
        ),
      );
    },
    async remove(temps) {
      if (temps.length === 0) return undefined;
      // What came of a transfer that was ended lies in a folder of rsync's.
      const partial = by === 'rsync' ? temps.map((temp) => join(dirname(temp), STAGING, basename(temp))) : [];
      return shell.remove([...temps, ...partial]);
    },
    fetch: (wanted, into) =>
      by === 'ssh'
        ? fetchBySsh(wanted, into, place, options, programs)
        : fetchByRsync(wanted, into, far, join(work, 'fetched')),
  };
}

async function fetchByRsync(
  wanted: Place,
  into: string,
  far: Far,
  folder: string,
): Promise<FarTrouble | undefined> {
  await rm(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const carried = await far.fetch(folder, { paths: [wanted.path], largest: wanted.bytes });
  if (carried.trouble !== undefined) return carried.trouble;
  const came = join(folder, wanted.path);
  if ((await stat(came).catch(() => undefined)) === undefined)
    return { reason: carried.complaint(wanted.path) ?? `${wanted.path} did not come`, passing: false };
  await rename(came, into);
  return undefined;
}

function placesOf(copies: readonly Copy[]): readonly Place[] {
  return copies.map(({ temp, bytes }) => ({ path: temp, bytes }));
}

/** Those whose checksum there is not the one that it is to be. */
function refusedOf(
  copies: readonly Copy[],
  sums: ReadonlyMap<string, string>,
  complaint: Complaints,
  target: string,
): Refused {
  const refused = new Map<string, string>();
  for (const { temp, sha256 } of copies) {
    const sum = sums.get(temp);
    if (sum === sha256) continue;
    const line = complaint(temp);
    const what =
      sum === undefined
        ? `it did not come to ${target}`
        : `what came to ${target} does not read back as it was sent`;
    refused.set(temp, line === undefined ? what : `${what}: ${line}`);
  }
  return refused;
}

/** What was said of one of them. */
type Complaints = (temp: string) => string | undefined;

/** rsync sends what lies under the names that it gets there. */
async function sendTree(
  copies: readonly Copy[],
  work: string,
  send: (
    root: string,
  ) => Promise<{ readonly trouble?: FarTrouble; complaint(path: string): string | undefined }>,
): Promise<Result<Complaints, FarTrouble>> {
  const tree = join(work, 'sent');
  await rm(tree, { recursive: true, force: true });
  for (const { from, temp } of copies) {
    mkdirSync(dirname(join(tree, temp)), { recursive: true });
    await link(from, join(tree, temp));
  }
  try {
    const carried = await send(tree);
    return carried.trouble === undefined ? ok((temp) => carried.complaint(temp)) : err(carried.trouble);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function sendEach(
  copies: readonly Copy[],
  { host, path }: SshPlace,
  options: RsyncOptions,
  programs: Programs,
  makeFolders: (paths: readonly string[]) => Promise<FarTrouble | undefined>,
): Promise<Result<Complaints, FarTrouble>> {
  const trouble = await makeFolders([...new Set(copies.map(({ temp }) => dirname(temp)))]);
  if (trouble !== undefined) return err(trouble);
  const said = new Map<string, string>();
  for (const { from, temp, bytes } of copies) {
    const { mode } = await stat(from);
    const name = shellWord(`./${temp}`);
    const script = `cd -- ${shellWord(path)} && rm -f -- ${name} && cat > ${name} && chmod ${(mode & 0o777).toString(8)} -- ${name}`;
    const argv = [...sshWords(options), '--', host, script];
    const input = createReadStream(from) as AsyncIterable<Uint8Array>;
    const { exit, said: lines } = await runProgram({ argv, input, idleMs: patienceFor(bytes) }, programs);
    if (exit.kind === 'exited' && exit.code === 0) continue;
    if (exit.kind === 'exited' && exit.code !== 255) said.set(temp, lines.at(-1) ?? `exit code ${exit.code}`);
    else if (exit.kind === 'exited') return err(sshTrouble(host, lines));
    else return err({ reason: `sending ${basename(temp)} to ${host} was ended`, passing: true });
  }
  return ok((temp) => said.get(temp));
}

async function fetchBySsh(
  wanted: Place,
  into: string,
  { host, path }: SshPlace,
  options: RsyncOptions,
  programs: Programs,
): Promise<FarTrouble | undefined> {
  const file = openSync(into, 'wx');
  try {
    const argv = [
      ...sshWords(options),
      '--',
      host,
      `cd -- ${shellWord(path)} && cat -- ${shellWord(`./${wanted.path}`)}`,
    ];
    let thrown: unknown;
    // At once: what is written later would pile up here, as the far side is faster than a disk may be.
    const output = (piece: Buffer): void => {
      try {
        if (thrown === undefined) writeFileSync(file, piece);
      } catch (error) {
        thrown = error;
      }
    };
    const { exit, said } = await runProgram({ argv, output, idleMs: patienceFor(wanted.bytes) }, programs);
    if (thrown !== undefined) throw thrown;
    if (exit.kind === 'exited' && exit.code === 0) return undefined;
    if (exit.kind === 'exited' && exit.code === 255) return sshTrouble(host, said);
    return { reason: said.at(-1) ?? `${wanted.path} cannot be fetched from ${host}`, passing: false };
  } finally {
    closeSync(file);
  }
}
