import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { silentLog } from '../../src/core/log.ts';
import { LEVELS, type RecordDraft, type RecordStore, type StoredRecord } from '../../src/core/record.ts';
import type { Silence } from '../../src/core/silence.ts';
import { openDatabase } from '../../src/core/sqlite.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { StandingSilence } from '../../src/notify/digest.ts';
import { createNotifier, type Notifier } from '../../src/notify/notifier.ts';
import type { ChannelSpec } from '../../src/notify/notifier-options.ts';
import { MIGRATIONS } from '../../src/notify/outbox-schema.ts';
import { createOutbox } from '../../src/notify/outbox.ts';
import type { Present } from '../../src/notify/reconcile.ts';
import type { NotifyPolicy } from '../../src/notify/stages/stage.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFarSide, type FarSide, inWords } from './far-side.ts';
import { type Disk, Kill, type KillPoint, mortalDatabase } from './mortal-database.ts';
import { DaemonClock } from './simulated-lives.ts';
import { ALL } from './store.ts';

/** A notifier on a fake clock and real files, that can be killed. */

export interface Rig {
  readonly clock: FakeClock;
  readonly store: RecordStore;
  readonly sides: Readonly<Record<string, FarSide>>;
  /** What the notifier told the time line. */
  readonly told: RecordDraft[];
  readonly notifier: Notifier;
  /** The one that runs now, after restarts. */
  running(): Notifier;
  readonly specs: ReadonlyMap<string, ChannelSpec>;
  /** What the notifier has ended of, where it has. */
  died(): unknown;
  /** What every commit of the outbox fails with. */
  readonly disk: Disk;
  /** What the daemon would say; a test changes it. */
  readonly world: World;
  record(draft: Partial<RecordDraft>): StoredRecord;
  flip(service: string, watch: string, to: string, reason?: string): void;
  lane(service: string, to: string): void;
  person(service: string, act: 'start' | 'stop' | 'restart'): void;
  start(): void;
  /** Ends the notifier as the daemon's drain does. */
  stop(): Promise<void>;
  /** Ends it as SIGKILL does: at once, or around the next commit. */
  kill(point?: KillPoint): void;
  /** A kill that has not come yet never comes. */
  spare(): void;
  close(): Promise<void>;
  /** Messages that a far side took, each once, in words: `outage: web alive bad`. */
  messages(channel: string): readonly string[];
}

export interface World {
  present: () => readonly Present[] | undefined;
  policyOf: (service: string, watch: string) => NotifyPolicy;
  silenceOf: (service: string, watch: string, now: number) => Silence | undefined;
  needs: Readonly<Record<string, readonly string[]>>;
  silences: readonly StandingSilence[];
  unwell: string;
  next: string;
}

// Processes die here, machines do not: nothing has to wait for a disk.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vahti-notify-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

export interface RigOptions {
  readonly channels?: Readonly<Record<string, Partial<ChannelSpec>>>;
  readonly start?: boolean;
}

export function openRig({ channels = { ops: {} }, start = true }: RigOptions = {}): Rig {
  const clock = createFakeClock();
  const base = join(folder, `${(files += 1)}`);
  const path = `${base}-records.db`;
  const records = openSqliteStore({ path, agent: 'box', host: 'box1', clock, keep: ALL });
  if (!records.ok) throw records.error;
  const store = records.value;
  const sides = Object.fromEntries(Object.keys(channels).map((name) => [name, createFarSide(clock)]));
  const specs = new Map<string, ChannelSpec>(
    Object.entries(channels).map(([name, spec]) => [name, { channel: sides[name] as FarSide, ...spec }]),
  );
  const world: World = {
    present: () => undefined,
    policyOf: () => ({ channels: Object.keys(channels), tells: 'flip' }),
    silenceOf: () => undefined,
    needs: {},
    silences: [],
    unwell: '',
    next: '',
  };
  const told: RecordDraft[] = [];
  const disk: Disk = { trouble: undefined };
  let running: Running | undefined;

  const rig: Rig = {
    clock,
    store,
    sides,
    told,
    world,
    get notifier() {
      return rig.running();
    },
    running() {
      if (running === undefined) throw new Error('no notifier runs');
      return running.notifier;
    },
    specs,
    died: () => running?.died(),
    disk,
    record(draft) {
      const full = {
        time: clock.micros(),
        service: '',
        life: '',
        level: LEVELS.info,
        sender: 'daemon',
        message: '',
      };
      const [stored] = store.append([{ kind: 'log', ...full, ...draft }]);
      return stored as StoredRecord;
    },
    flip(service, watch, to, reason = `it is ${to}`) {
      const level =
        to === 'ok' ? LEVELS.info : to === 'late' || to === 'unknown' ? LEVELS.warn : LEVELS.error;
      const fields = { subject: 'watch', watch, from: '', to, value: null, reason };
      rig.record({ service, life: 'l1', kind: 'flip', level, sender: watch, message: reason, fields });
    },
    lane(service, to) {
      const level = { backoff: LEVELS.warn, slow: LEVELS.error }[to] ?? LEVELS.info;
      const fields = { subject: 'lane', from: '', to, failures: 4, starts: 12 };
      rig.record({ service, life: 'l1', kind: 'flip', level, message: `${to} lane`, fields });
    },
    person(service, act) {
      const fields = { action: act, by: 'person' };
      rig.record({ service, kind: 'action', message: `${act} by a person`, fields });
    },
    start() {
      for (const side of Object.values(sides)) side.renew();
      running = run(`${base}-outbox.db`, clock, { store, specs, world, told, disk });
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    kill(point) {
      running?.kill(point);
    },
    spare: () => running?.spare(),
    async close() {
      await running?.stop();
      store.close();
    },
    messages: (channel) => inWords(sides[channel]?.taken ?? []),
  };
  if (start) rig.start();
  return rig;
}

interface Running {
  readonly notifier: Notifier;
  died(): unknown;
  stop(): Promise<void>;
  kill(point?: KillPoint): void;
  spare(): void;
}

interface Parts {
  readonly store: RecordStore;
  readonly specs: ReadonlyMap<string, ChannelSpec>;
  readonly world: World;
  readonly told: RecordDraft[];
  readonly disk: Disk;
}

function run(path: string, fake: FakeClock, { store, specs, world, told, disk }: Parts): Running {
  const clock = new DaemonClock(fake);
  const opened = openDatabase(path, { migrations: MIGRATIONS, synchronous: 'full', name: 'the outbox' });
  if (!opened.ok) throw opened.error;
  const mortal = mortalDatabase(opened.value, disk, () => clock.die());
  const drain = new AbortController();
  const notifier = createNotifier(
    {
      outbox: createOutbox(mortal.db),
      // A dead process hears of nothing.
      store: {
        query: (query) => mortal.alive(() => store.query(query)),
        follow: (query, signal) => store.follow(query, signal),
      },
      clock,
      log: silentLog,
      host: 'box1',
      random: () => 0.5,
      records: (drafts) => {
        if (clock.dead) return;
        told.push(...drafts);
        store.append(drafts);
      },
      present: () => world.present(),
      policyOf: (service, watch) => world.policyOf(service, watch),
      silenceOf: (service, watch, now) => world.silenceOf(service, watch, now),
      silences: () => world.silences,
      needsOf: (service) => world.needs[service] ?? [],
      nextOf: () => world.next,
      unwell: () => world.unwell,
    },
    { channels: specs },
  );
  let died: unknown;
  const scope = { drain: drain.signal, stop: drain.signal, ready: () => {}, clock, log: silentLog };
  const over = notifier.run(scope).catch((error: unknown) => {
    died = error;
  });
  return {
    notifier,
    died: () => died ?? (clock.dead ? new Kill('killed') : undefined),
    async stop() {
      drain.abort();
      if (!clock.dead) {
        // A try that is under way has a few seconds to end.
        const end = { isOver: false };
        void over.then(() => (end.isOver = true));
        await fake.advance(0);
        for (let seconds = 0; seconds < 20 && !end.isOver; seconds += 1) await fake.advance(1000);
        await over;
        mortal.close();
      }
    },
    kill(point) {
      if (point === undefined) mortal.die();
      else mortal.dieAt(point);
    },
    spare: () => mortal.dieAt(undefined),
  };
}
