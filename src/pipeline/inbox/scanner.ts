import { join } from 'node:path';
import type { Intake } from '../engine/intake.ts';
import type { InboxPlan } from '../plan.ts';
import type { Folders } from './folders.ts';
import type { KnownFiles } from './known-files.ts';
import type { InboxNames } from './names.ts';
import { type Mount, readMounts, remoteKind } from './network.ts';
import { contentOf } from './pending.ts';
import type { Tracker } from './tracker.ts';
import { type FoundThere, lookAt, type SeenFile, systemCode, walk } from './walk.ts';
import type { Watching } from './watching.ts';

export interface ScannerOptions {
  readonly plan: InboxPlan;
  readonly names: InboxNames;
  readonly intake: Pick<Intake, 'looseFiles' | 'gone'>;
  readonly watching: Watching;
  readonly tracker: Tracker;
  readonly known: KnownFiles;
  /** What could not be looked at: a whole sentence. */
  readonly trouble: (message: string) => void;
}

/** Files that come together are taken in the order of their mtimes, so many at a time. */
const SORTED = 10_000;
/** Files in one go: what is written of them blocks the loop. */
const PIECE = 256;
/** Lines of the ledger that are read at once. */
const TURN = 1000;
/** Calls into filesystems at a time. One that hangs takes a thread of Node's four for each: one of the network gets two. */
const LOCAL_AT_ONCE = 16;
const REMOTE_AT_ONCE = 2;

/** Looks at an inbox: at all of it, or where something was told of. */
export class Scanner {
  readonly #options: ScannerOptions;
  #mounts: readonly Mount[] = [];
  /** Absolute, without links. */
  #real = '';
  /** Whether the folder itself could be read. What could not be read below it keeps nothing else from being forgotten. */
  #isRead = true;
  /** Whether the ledger may have files that are on their way no more. */
  #mayBeLost = true;

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /**
   * Looks at the whole folder; false where it is not there.
   * @param how `first`: nothing that is in it is wanted. `names`: of a folder that is watched only the names, and files whose names are new.
   */
  async everything(folders: Folders, how: 'first' | 'names' | 'all'): Promise<boolean> {
    const { plan, watching, tracker, known } = this.#options;
    this.#mounts = readMounts();
    try {
      this.#real = await folders.realpath(plan.root);
    } catch (thrown) {
      this.#trouble('', systemCode(thrown));
      return false;
    }
    watching.begin();
    tracker.beginScan();
    known.begin();
    this.#isRead = true;
    await this.#walk('', folders, how);
    if (!this.#isRead) {
      known.abandon();
      return true;
    }
    watching.end();
    if (known.end()) this.#mayBeLost = true;
    await this.some(tracker.unseen(), folders);
    return true;
  }

  /** Looks at some paths: at files, at folders with all that is in them, or at what is not there any more. */
  async some(paths: readonly string[], folders: Folders): Promise<void> {
    const { names, tracker } = this.#options;
    for (let at = 0; at < paths.length; at += PIECE) {
      const found = await this.#lookAt(paths.slice(at, at + PIECE), folders);
      // What is a folder now is no file any more.
      await tracker.lose([...found.gone, ...found.folders]);
      tracker.postpone(found.unseen);
      for (const folder of found.folders) await this.#walk(folder, folders, 'all');
      await this.#take(
        found.files.filter(({ path }) => names.isWanted(path)).toSorted(order),
        folders,
        false,
      );
    }
    await tracker.release();
  }

  /** Files that the ledger has as failed, or on their way, and that are not there any more. */
  async lost(folders: Folders): Promise<void> {
    const { plan, intake, known, tracker } = this.#options;
    if (!this.#mayBeLost || !this.#isRead) return;
    let suspects: { readonly id: number; readonly path: string }[] = [];
    const check = async (): Promise<void> => {
      const paths = suspects.map(({ path }) => path);
      const { gone, unseen } = await this.#lookAt(paths, folders);
      isLeft ||= unseen.length > 0;
      const ids = suspects.flatMap(({ id, path }) => (gone.includes(path) ? [id] : []));
      if (ids.length > 0) await intake.gone(ids);
      suspects = [];
    };
    let isLeft = false;
    let read = 0;
    for await (const file of intake.looseFiles(plan.name)) {
      // The ledger is read in one go: others have their turn while the filesystem is asked something.
      if (++read % TURN === 0) await folders.look(plan.root).catch(systemCode);
      if (tracker.isPending(file.path) || known.has(file.path, contentOf(file))) continue;
      suspects.push(file);
      if (suspects.length >= PIECE) await check();
    }
    await check();
    // Those that could not be looked at are asked for again; so are all, where this was given up on its way.
    this.#mayBeLost = isLeft;
  }

  async #walk(start: string, folders: Folders, how: 'first' | 'names' | 'all'): Promise<void> {
    const { plan, names, watching, known } = this.#options;
    let found: SeenFile[] = [];
    const take = async (): Promise<void> => {
      found.sort(order);
      for (let at = 0; at < found.length; at += PIECE)
        await this.#take(found.slice(at, at + PIECE), folders, how === 'first');
      found = [];
    };
    const pieces = walk(start, {
      root: plan.root,
      folders,
      names,
      atOnce: this.#atOnce(),
      trouble: this.#trouble,
      skips: (folder, path) => how === 'names' && watching.isFollowed(folder) && known.hasName(path),
      enter: (folder, ino) => {
        if (remoteKind(join(this.#real, folder), this.#mounts) === undefined) watching.follow(folder, ino);
      },
    });
    for await (const piece of pieces) {
      for (const file of piece) if (!known.has(file.path, contentOf(file))) found.push(file);
      if (found.length >= SORTED) await take();
    }
    await take();
  }

  async #take(files: readonly SeenFile[], folders: Folders, isFirst: boolean): Promise<void> {
    if (files.length === 0) return;
    const { plan, tracker } = this.#options;
    const marked = await this.#marked(files, folders);
    // One more answer of the filesystem: whatever was done to them before they were looked at has been told by then.
    await folders.look(plan.root).catch(systemCode);
    await (isFirst ? tracker.leaveOut(files) : tracker.take(files, marked));
  }

  /** Those that have their marker beside them. */
  async #marked(files: readonly SeenFile[], folders: Folders): Promise<ReadonlySet<string>> {
    const { plan, names } = this.#options;
    if (plan.marker === undefined) return new Set();
    const markers = new Map(files.map(({ path }) => [path, names.markerOf(path) ?? '']));
    const found = await this.#lookAt([...new Set(markers.values())], folders);
    const there = new Set(found.files.map(({ path }) => path));
    return new Set(Array.from(markers).flatMap(([path, marker]) => (there.has(marker) ? [path] : [])));
  }

  #lookAt(paths: readonly string[], folders: Folders): Promise<FoundThere> {
    const { root } = this.#options.plan;
    return lookAt(paths, { root, folders, atOnce: this.#atOnce(), trouble: this.#trouble });
  }

  /** Whether the folder is on a filesystem of the network. */
  get isRemote(): boolean {
    return remoteKind(this.#real, this.#mounts) !== undefined;
  }

  #atOnce(): number {
    return this.isRemote ? REMOTE_AT_ONCE : LOCAL_AT_ONCE;
  }

  readonly #trouble = (path: string, code: string): void => {
    if (path === '') this.#isRead = false;
    this.#options.trouble(`cannot look at ${join(this.#options.plan.root, path)}: ${reason(code)}`);
  };
}

/** By mtime, then by name. Moments are numbers of as many digits, but for those before September 2001. */
function order(a: SeenFile, b: SeenFile): number {
  const digits = a.mtimeNs.length - b.mtimeNs.length;
  if (digits !== 0) return digits;
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'it is no folder',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ESTALE: 'the server has it no more',
  EIO: 'the disk, or the network, fails',
  ENOTCONN: 'its server is gone',
  EHOSTDOWN: 'its server is down',
  ETIMEDOUT: 'its server does not answer',
  EMFILE: 'too many files are open here',
  ENFILE: 'too many files are open here',
};

function reason(code: string): string {
  return Object.hasOwn(REASONS, code) ? `${REASONS[code]}` : code;
}
