import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Files } from '../../../core/files.ts';
import { asError, err, errorCode, ok, type Result } from '../../../core/result.ts';
import type { VerbContext } from '../../../core/verb.ts';
import { parsePlace, placeText } from '../../far/place.ts';
import { openTarget } from '../../files/within.ts';
import type { Programs } from '../../program.ts';
import { type Blacklist, readBlacklist } from './blacklist.ts';
import { createLocalOutlet } from './local-outlet.ts';
import { compileNaming, type Naming } from './names.ts';
import type { PublishOptions } from './options.ts';
import type { Outlet } from './outlet.ts';
import { createSshOutlet } from './ssh-outlet.ts';

/** Where a run reads and writes, and by what it goes. */
export interface Places {
  /** Real path. */
  readonly root: string;
  readonly naming: Naming;
  /** @param work a private folder here. */
  readonly outlet: (work: string) => Outlet;
  readonly quarantine: string | undefined;
  readonly blacklist: Blacklist;
  readonly programs: Programs;
}

/** Looks whether all places are there. The error is a whole sentence. */
export async function openPlaces(
  options: PublishOptions,
  { folder, env, clock, signal }: VerbContext,
  files: Files,
): Promise<Result<Places, string>> {
  const root = await openFolder(options.root);
  if (!root.ok) return root;
  const naming = compileNaming(options);
  if (!naming.ok) return naming;
  const place = parsePlace(options.to, folder);
  if (!place.ok) return place;
  const programs: Programs = { env: { ...env }, cwd: folder, clock, signal };
  let outlet: Places['outlet'];
  const avoid = [root.value];
  if (place.value.kind === 'folder') {
    const target = await openTarget(place.value.path, root.value);
    if (!target.ok) return target;
    avoid.push(target.value);
    outlet = () => createLocalOutlet(target.value, files, signal);
  } else if (place.value.kind === 'ssh') {
    const { host, path } = place.value;
    const far = { host, path, target: placeText(place.value) };
    outlet = (work) => createSshOutlet(far, options.by ?? 'rsync', options, { ...programs, cwd: '/' }, work);
  } else return err(`cannot publish to ${options.to}: write HOST:FOLDER, or a folder here`);
  const quarantine = await openQuarantine(options, folder, avoid);
  if (!quarantine.ok) return quarantine;
  const blacklist = await readBlacklist(
    options.blacklist === undefined ? undefined : resolve(folder, options.blacklist),
  );
  if (!blacklist.ok) return blacklist;
  return ok({
    root: root.value,
    naming: naming.value,
    outlet,
    quarantine: quarantine.value,
    blacklist: blacklist.value,
    programs,
  });
}

async function openFolder(folder: string): Promise<Result<string, string>> {
  try {
    const path = await realpath(folder);
    return (await stat(path)).isDirectory() ? ok(path) : err(`cannot publish ${folder}: it is not a folder`);
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    if (errorCode(thrown) !== 'ENOENT') return err(`cannot publish ${folder}: ${asError(thrown).message}`);
    return err(`cannot publish ${folder}: there is no such folder; is its disk not mounted?`);
  }
}

async function openQuarantine(
  { conflict }: PublishOptions,
  folder: string,
  avoid: readonly string[],
): Promise<Result<string | undefined, string>> {
  if (conflict?.quarantine === undefined) return ok(undefined);
  for (const other of avoid) {
    const opened = await openTarget(resolve(folder, conflict.quarantine), other);
    if (!opened.ok) return opened;
  }
  return ok(await realpath(resolve(folder, conflict.quarantine)));
}
