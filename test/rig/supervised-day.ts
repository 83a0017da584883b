import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Plan, PlannedService } from '../../src/app/plan.ts';
import { openState, type StateStore, statePaths } from '../../src/app/state.ts';
import { recordedProcesses } from '../../src/app/saved-services.ts';
import { createSupervision, type Supervision } from '../../src/app/supervision.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PersistedService } from '../../src/core/runner.ts';
import { DEFAULT_LANES } from '../../src/run/lanes.ts';
import type { Random } from '../../src/wire/atproto/random.ts';
import { createFakeClock } from './fake-clock.ts';
import { createWorld, DaemonClock, type Fate } from './simulated-lives.ts';
import { createOracle } from './supervision-oracle.ts';

/** The real supervision, its state and its captured logs, on a machine whose processes, clock and power are simulated. */

export const NAMES = ['loop', 'flap', 'db', 'web', 'odd'] as const;
export type Name = (typeof NAMES)[number];

const STOP_MS = 5_000;
const SURVIVORS_MS = 10_000;
/** From power off to the daemon’s start. */
const BOOT_MS = 20_000;
const LOG_BYTES = 131_072;
/** A service's state, as JSON. */
const MOST_STATE = 1_000;
const MOST_TIMERS = 10;
/** So many turns of the loop are enough for what waits for no file. */
const QUIET_TURNS = 5;

interface Daemon {
  readonly clock: DaemonClock;
  readonly supervision: Supervision;
}

export interface Day {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly totals: ReturnType<typeof createOracle>['totals'];
  /** Time passes; everything is checked at its end, and an hour's records on the hour. */
  pass(ms: number): Promise<void>;
  person(name: Name, act: 'start' | 'stop' | 'restart'): void;
  /** A watch of vahti's own wants another life. */
  watch(name: Name): void;
  stepClock(ms: number): void;
  /** SIGKILL to the daemon: now, or behind so many more saves of a service's state. */
  kill(afterSaves: number): Promise<void>;
  /** SIGTERM to the daemon. */
  restart(): Promise<void>;
  reboot(): Promise<void>;
  /** The end: everything is stopped, and nothing is left. */
  end(): Promise<void>;
}

/** @param fate how the next life of a service goes. */
export async function startDay(folder: string, random: Random, fate: (name: Name) => Fate): Promise<Day> {
  const clock = createFakeClock();
  const plan = planOf(folder);
  const services = new Map(plan.services.map(({ name, needs }) => [name, { alone: needs.length === 0 }]));
  const oracle = createOracle({ services, clock, slowMs: DEFAULT_LANES.slowMs });
  // What is wrong inside of the code that is tested must not be taken for its own trouble.
  let breach: unknown;
  const watched =
    <A extends readonly unknown[]>(look: (...args: A) => void) =>
    (...args: A): void => {
      try {
        look(...args);
      } catch (thrown) {
        breach ??= thrown;
      }
    };
  const records = watched(oracle.records);
  const world = createWorld({
    clock,
    fate: (name) => fate(name as Name),
    onStart: watched(oracle.started),
    onGone: oracle.gone,
  });
  const states = new Map<string, string>();
  fs.mkdirSync(folder);
  const base = openState(folder);
  assert.ok(base.ok);
  const load = (name: string) => parse(states.get(name));
  let daemon: Daemon;
  let savesLeft = Number.POSITIVE_INFINITY;
  let nextHour = clock.monotonic() + 3_600_000;

  const begin = async (): Promise<void> => {
    const recorded = recordedProcesses(storeOf(base.value, states, () => false));
    for (const { service, life } of world.living()) {
      const known = recorded.some((process) => process.life === life);
      assert.ok(known, `${service}: the process of ${life} lives and is not written down`);
    }
    const ended = world.endSurvivors(SURVIVORS_MS, recorded);
    const leftovers = await passUntil(clock, ended);
    const own = new DaemonClock(clock);
    savesLeft = Number.POSITIVE_INFINITY;
    const onSave = (name: string): boolean => {
      if (own.dead) return false;
      oracle.saved(name);
      savesLeft -= 1;
      if (savesLeft < 0) own.die();
      return true;
    };
    const supervision = createSupervision({
      clock: own,
      log: silentLog,
      random: () => random.int(1_000) / 1_000,
      paths: statePaths(folder),
      state: storeOf(base.value, states, onSave),
      records: (drafts) => own.dead || records(drafts),
      program: [],
      startLife: world.startLifeFor(own),
    });
    daemon = { clock: own, supervision };
    await supervision.apply(plan, leftovers);
  };
  /** What of the daemon is left when it is dead, and what its books must say then. */
  const bury = async (midWay: boolean): Promise<void> => {
    daemon.clock.die();
    await world.close(daemon.clock);
    oracle.daemonDied(midWay, load);
    checkFolder(folder);
  };
  const check = (): void => {
    if (breach !== undefined) throw breach;
    for (const { service } of daemon.supervision.all()) oracle.check(service.snapshot());
    const { armed } = daemon.clock;
    assert.ok(armed <= MOST_TIMERS * NAMES.length, `${armed} timers are armed`);
    for (const [name, text] of states)
      assert.ok(text.length <= MOST_STATE, `${name}: its state has ${text.length} bytes`);
  };
  const settleDeath = async (): Promise<void> => {
    if (!daemon.clock.dead) return;
    await bury(true);
    await begin();
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; ) {
      const step = Math.min(left, Math.max(0, nextHour - clock.monotonic()));
      await clock.advance(step);
      left -= step;
      await settleDeath();
      if (breach !== undefined) throw breach;
      if (clock.monotonic() < nextHour) continue;
      nextHour += 3_600_000;
      oracle.hour();
    }
    check();
  };
  const serviceOf = (name: Name) => {
    const found = daemon.supervision.get(name);
    assert.ok(found !== undefined);
    return found.service;
  };
  await begin();
  return {
    clock,
    totals: oracle.totals,
    pass,
    person(name, act) {
      const service = serviceOf(name);
      oracle.person(name, act, service.snapshot().state);
      if (act === 'restart') service.restart('person', 'a test');
      else service[act]('person');
    },
    watch(name) {
      serviceOf(name).restart('vahti', 'a watch is bad');
      serviceOf(name).start('vahti');
    },
    stepClock(ms) {
      clock.jumpWall(ms);
      oracle.clockStepped();
    },
    async kill(afterSaves) {
      savesLeft = afterSaves;
      if (afterSaves > 0) return;
      await bury(false);
      await begin();
    },
    async restart() {
      await passUntil(clock, Promise.race([daemon.supervision.end(), daemon.clock.death]));
      for (const { service, stuck } of world.living())
        assert.ok(stuck || daemon.clock.dead, `${service}: lives on behind its daemon`);
      await bury(daemon.clock.dead);
      await begin();
    },
    async reboot() {
      world.powerOff();
      await bury(true);
      for (const [name, text] of states)
        states.set(name, JSON.stringify({ ...JSON.parse(text), boot: 'before' }));
      oracle.booted();
      await clock.advance(BOOT_MS);
      await begin();
    },
    async end() {
      await settleDeath();
      savesLeft = Number.POSITIVE_INFINITY;
      await passUntil(clock, daemon.supervision.end());
      await bury(daemon.clock.dead);
      await clock.advance(3_600_000);
      base.value.close();
    },
  };
}

/** What supervision keeps of services, without a disk: a kill loses nothing that was saved. */
function storeOf(
  base: StateStore,
  states: Map<string, string>,
  onSave: (name: string) => boolean,
): StateStore {
  return {
    ...base,
    names: () => [...states.keys()],
    load: (name) => parse(states.get(name)),
    save(name, state) {
      if (onSave(name)) states.set(name, JSON.stringify(state));
    },
    keepOnly: () => {},
  };
}

function parse(text: string | undefined): PersistedService | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as PersistedService);
}

function planOf(folder: string): Plan {
  const services = NAMES.map(
    (name): PlannedService => ({
      name,
      kind: 'command',
      argv: ['simulated'],
      cwd: '/',
      env: {},
      needs: name === 'web' ? [{ name: 'db', ready: false }] : [],
      stopMs: STOP_MS,
      restart: { ...DEFAULT_LANES, noRestartOn: [78] },
      log: { budgetBytes: LOG_BYTES },
    }),
  );
  const keep = { logsMs: 0, historyMs: 0, bytes: 0, looksMs: 0, looksBytes: 0 };
  return { v: 1, file: path.join(folder, 'vahti.yaml'), state: folder, keep, services };
}

/** Nothing goes on any more but what waits for the time to pass. */
async function untilQuiet(): Promise<false> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await turn();
    const writes = process.getActiveResourcesInfo().some((name) => /^FSReq|^CloseReq$/.test(name));
    if (writes) turns = 0;
  }
  return false;
}

/** The captured logs keep to their budget. */
function checkFolder(folder: string): void {
  const logs = path.join(folder, 'logs');
  if (!fs.existsSync(logs)) return;
  const bytes = new Map<string, number>();
  for (const file of fs.readdirSync(logs)) {
    const name = file.split('.')[0] ?? '';
    bytes.set(name, (bytes.get(name) ?? 0) + fs.statSync(path.join(logs, file)).size);
  }
  for (const [name, size] of bytes) assert.ok(size <= LOG_BYTES, `${name}: ${size} bytes of captured log`);
}

/** Lets pass as little time as is needed, and none while a file is written: so a seed always gives the same day. */
async function passUntil<T>(clock: ReturnType<typeof createFakeClock>, work: Promise<T>): Promise<T> {
  const over = work.then(() => true);
  for (let steps = 0; ; steps++) {
    if (await Promise.race([over, untilQuiet()])) return work;
    assert.ok(steps < 10_000, 'waited in vain for the end of a daemon');
    await clock.advance(Math.max(1, clock.nextTimer() ?? 1));
  }
}
