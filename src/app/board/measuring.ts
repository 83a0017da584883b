import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import type { Clock, Timer } from '../../core/clock.ts';
import { groupMemory } from '../../core/control-group.ts';
import { type Census, readOwnMemory, takeCensus } from '../../core/process-table.ts';
import type { ServiceSnapshot } from '../../core/runner.ts';
import { readFigures } from '../figures.ts';
import { serviceSocket, type StatePaths } from '../state.ts';
import type { Supervised } from '../supervision.ts';
import { type Measured, NOT_MEASURED } from './reported-service.ts';

/** How often what costs something to look at is looked at, milliseconds. */
const LOOK_MS = 10_000;

/** What is measured of the host. Bytes. */
export interface HostFigures {
  readonly disk: { readonly free: number; readonly size: number } | null;
  readonly memory: { readonly free: number; readonly size: number } | null;
}

/** Looks at all services together, now and then. */
export interface Measuring {
  of(service: string): Measured;
  host(): HostFigures;
  close(): void;
}

export interface MeasuringOptions {
  readonly services: () => readonly Pick<Supervised, 'planned' | 'service'>[];
  /** The first part of every life. */
  readonly stateId: string;
  readonly paths: StatePaths;
  readonly clock: Clock;
  /** New figures are there. */
  readonly measured: () => void;
}

/** Begins at once; one look at a time. */
export function createMeasuring(options: MeasuringOptions): Measuring {
  const { clock, paths, measured } = options;
  let known: ReadonlyMap<string, Measured> = new Map();
  let host: HostFigures = { disk: null, memory: null };
  let timer: Timer | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const [services, disk] = await Promise.all([lookAtServices(options), diskOf(paths.folder)]);
    if (isOver) return;
    known = services;
    host = { disk, memory: { free: freemem(), size: totalmem() } };
    timer = clock.timer(LOOK_MS, () => void look());
    measured();
  };
  void look();
  return {
    of: (service) => known.get(service) ?? NOT_MEASURED,
    host: () => host,
    close() {
      isOver = true;
      timer?.cancel();
    },
  };
}

async function lookAtServices({
  services,
  stateId,
  paths,
}: MeasuringOptions): Promise<ReadonlyMap<string, Measured>> {
  const running = services().filter(({ service }) => service.snapshot().state === 'running');
  if (running.length === 0) return new Map();
  const trees = treesOf(await takeCensus(), stateId);
  const all = await Promise.all(
    running.map(async ({ planned: { name, kind }, service }): Promise<[string, Measured]> => {
      const snapshot = service.snapshot();
      const memory = memoryOf(snapshot, trees.get(name) ?? []);
      const collect = kind === 'collect' ? await readFigures(serviceSocket(paths, name)) : null;
      return [name, { life: snapshot.life, memory, collect: collect ?? undefined }];
    }),
  );
  return new Map(all);
}

/** The living processes of each service, by what their environment says. */
function treesOf({ carriers }: Census, stateId: string): ReadonlyMap<string, number[]> {
  const trees = new Map<string, number[]>();
  for (const { pid, value } of carriers((life) => life.startsWith(`${stateId}/`))) {
    const name = value.split('/')[1] ?? '';
    const pids = trees.get(name);
    if (pids === undefined) trees.set(name, [pid]);
    else pids.push(pid);
  }
  return trees;
}

/**
 * Bytes; of a unit what the kernel counts for its group, else the sum over its processes; memory that they share counts once.
 * Undefined where none of it can be seen. The proportional set size is exact, but has the kernel walk the page tables: too much for
 * all services all the time.
 */
function memoryOf(
  { pid, memory, unit, runBy }: ServiceSnapshot,
  tree: readonly number[],
): number | undefined {
  const group = runBy?.group ?? unit?.facts?.group ?? null;
  const counted = group === null ? undefined : groupMemory(group);
  if (counted !== undefined) return counted;
  // Of one with a limit it is known exactly.
  if (memory !== null) return memory.bytes;
  const pids = pid === null || tree.includes(pid) ? tree : [pid, ...tree];
  const sizes = pids.flatMap((each) => readOwnMemory(each) ?? []);
  if (sizes.length === 0) return undefined;
  return sizes.reduce((sum, { own }) => sum + own, 0) + Math.max(...sizes.map(({ shared }) => shared));
}

async function diskOf(folder: string): Promise<HostFigures['disk']> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk === undefined ? null : { free: disk.bavail * disk.bsize, size: disk.blocks * disk.bsize };
}
