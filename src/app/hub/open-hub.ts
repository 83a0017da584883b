import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { addressText } from '../../core/address.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { openAccess } from './open-access.ts';
import { listBuckets, bucketBytes } from '../../hub/blocks/bucket-files.ts';
import { createIntake } from '../../hub/ingest/intake.ts';
import type { Doors } from '../../hub/server/doors.ts';
import { type HubFigures, registerHealth } from '../../hub/server/health.ts';
import { createAgentLimits, createCounters } from '../../hub/server/limits.ts';
import { startHubServer } from '../../hub/server/server.ts';
import { type HubStore, openHubStore } from '../../hub/threads/hub-store.ts';
import { protocolsOf } from './protocols.ts';
import type { HubSpec } from './hub-spec.ts';

/** A hub that takes records, keeps them and answers, in this process. */
export interface Hub {
  readonly url: string;
  /** Where it takes syslog. */
  readonly syslog?: string;
  /** Stores what was taken, and ends all of it. */
  close(): Promise<void>;
}

export interface HubDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Its store cannot go on: the process has to end. */
  readonly died: (error: Error) => void;
}

/** The error is a sentence. Nothing is left open then. */
export async function openHub(spec: HubSpec, deps: HubDeps): Promise<Result<Hub, string>> {
  const { clock, log } = deps;
  const { folder, keep, host, port, origins, proxies, certificate } = spec;
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let last = closers.pop(); last !== undefined; last = closers.pop()) await last();
  };
  const failed = async (why: string): Promise<Result<never, string>> => {
    await close();
    return err(why);
  };
  const access = await openAccess({ folder, agent: spec.agent, clock, log });
  if (!access.ok) return failed(access.error);
  closers.push(() => access.value.close());
  const store = await openHubStore({
    folder: join(folder, 'store'),
    keep,
    clock,
    note: (message) => log.warn(message),
    died: deps.died,
  });
  closers.push(() => store.close());
  closers.push(startCleaning(store, spec.cleanUpMs, deps));
  const doors: Doors = {
    store,
    intake: createIntake(store),
    tokens: access.value.tokens,
    sessions: access.value.sessions,
    limits: createAgentLimits(spec.limits, clock),
    counters: createCounters(),
    clock,
    log,
  };
  const protocols = await protocolsOf(spec, doors, access.value);
  if (!protocols.ok) return failed(protocols.error);
  closers.push(() => protocols.value.close());
  const figures = startFigures(join(folder, 'store'), () => protocols.value.sockets.count(), clock);
  closers.push(() => figures.close());
  const server = await startHubServer({
    host,
    port,
    origins,
    proxies,
    ...(certificate === undefined ? {} : { tls: certificate }),
    doors,
    routes: [...protocols.value.routes, registerHealth(figures.read)],
    sockets: protocols.value.sockets,
  });
  if (!server.ok) return failed(server.error);
  closers.push(() => server.value.close());
  const { syslog } = spec;
  return ok({
    url: server.value.url,
    ...(syslog === undefined ? {} : { syslog: addressText(syslog) }),
    close,
  });
}

/** Deletes what is past its time, again and again. Answers with what ends it. */
function startCleaning(store: HubStore, everyMs: number, { clock, log }: HubDeps): () => Promise<void> {
  let timer: Timer | undefined;
  let running = Promise.resolve();
  let isOver = false;
  const clean = async (): Promise<void> => {
    try {
      for (const { bucket, why } of await store.purge())
        log.info('deleted records', { of: bucket.group, from: new Date(bucket.start).toISOString(), why });
    } catch (error) {
      // Where the store is gone it says so itself.
      if (!isOver) log.warn('cannot delete what is past its time', { error: String(error) });
    }
    if (!isOver) timer = clock.timer(everyMs, begin);
  };
  const begin = (): void => {
    running = clean();
  };
  timer = clock.timer(Math.min(everyMs, 1000), begin);
  return async () => {
    isOver = true;
    timer?.cancel();
    await running;
  };
}

const LOOK_MS = 10_000;

/** Figures that cost a look at the disk are looked at now and then. */
function startFigures(
  folder: string,
  connections: () => number,
  clock: Clock,
): { readonly read: () => HubFigures; close(): void } {
  let [storeBytes, diskFree] = [0, 0];
  let timer: Timer | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    storeBytes = listBuckets(folder).reduce((sum, bucket) => sum + bucketBytes(bucket), 0);
    const disk = await statfs(folder).catch(() => undefined);
    if (disk !== undefined) diskFree = disk.bavail * disk.bsize;
    if (!isOver) timer = clock.timer(LOOK_MS, () => void look());
  };
  void look();
  return {
    read: () => ({ connections: connections(), rss: process.memoryUsage.rss(), storeBytes, diskFree }),
    close() {
      isOver = true;
      timer?.cancel();
    },
  };
}
