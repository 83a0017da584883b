import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { silentLog } from '../../src/core/log.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import type { WatchSettings } from '../../src/watch/course.ts';
import type { WatchContext } from '../../src/watch/kind.ts';
import { bad, late, ok, unknown } from '../../src/watch/kinds/judgement.ts';
import { splitKind } from '../../src/watch/kinds/split-kind.ts';
import type { LookSink } from '../../src/watch/looks/keeper.ts';
import type { KeptEvent } from '../../src/watch/looks/look.ts';
import type { WatchedService } from '../../src/watch/watched-service.ts';
import { createWatching, type PersistedWatches, type Watching } from '../../src/watch/watching.ts';
import { createFakeClock } from './fake-clock.ts';
import { createLooks } from './looks.ts';

/** Two watches of a service, live, and a real history of what they saw. */

/** Judges by what it remembers of a life: a level above 1 that stays is late, one above the maximum is bad. */
export const level = splitKind<{ readonly max: number }, { readonly level?: number | undefined }>({
  kind: 'level',
  options: v.strictObject({ max: v.number() }),
  everyMs: 10_000,
  timeoutMs: 5000,
  reader:
    (_options, { figures }) =>
    async ({ signal }) => {
      const given = (await figures(signal))?.['level'];
      return { level: typeof given === 'number' ? given : undefined };
    },
  judge: ({ max }) => {
    let seen: number[] = [];
    let lifeId = '';
    return ({ level: found }, { life }) => {
      if (found === undefined) return unknown('it says nothing');
      if (lifeId !== life.id) seen = [];
      lifeId = life.id;
      seen = [...seen, found].slice(-2);
      const [before = found] = seen;
      if (found > max) return bad(`${found}`, `${found} is over ${max}`);
      const isStuck = seen.length === 2 && found === before && found > 1;
      return isStuck ? late(`${found}`, `${found} again`) : ok(`${found}`, `${found}`);
    };
  },
  source: () => ['level'],
});

/** What happens to the service, and how long it stays so. */
export type Happening =
  | { readonly do: 'see'; readonly level: number | undefined; readonly takesMs: number; readonly ms: number }
  | { readonly do: 'fail' | 'hang' | 'stop' | 'reload' | 'kill'; readonly ms: number }
  | { readonly do: 'live'; readonly readyMs: number; readonly ms: number };

/** What was told of one watch: its flips, and what it did. */
export interface Told {
  /** Wall milliseconds. */
  readonly at: number;
  readonly what: string;
}

/** What a watch was after a look. */
export interface Looked {
  readonly at: number;
  readonly state: string;
}

export interface Lived {
  /** What is kept of each watch, `a` and `b`. */
  readonly seen: ReadonlyMap<string, readonly KeptEvent[]>;
  looks(watch: string): readonly Looked[];
  told(watch: string): readonly Told[];
}

export const T0 = Date.parse('2026-11-22T00:00:00Z');

/** Lives through all of it; the watches look at the same figure, at different moments. */
export async function liveThrough(
  t: TestContext,
  settings: Omit<WatchSettings, 'name'>,
  all: readonly Happening[],
): Promise<Lived> {
  const clock = createFakeClock(T0);
  const looks = createLooks(t, clock);
  const records: RecordDraft[] = [];
  const restarts: { readonly at: number; readonly watch: string }[] = [];
  const looked: (Looked & { readonly name: string })[] = [];
  const now = { level: 0 as number | undefined, takesMs: 0, trouble: '', runs: true };
  const life = { number: 1, startedAt: T0, readyAt: T0 };
  const begin = (readyMs: number): void => {
    now.runs = true;
    Object.assign(life, { number: life.number + 1, startedAt: clock.now(), readyAt: clock.now() + readyMs });
  };
  const figures = async (signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> => {
    const { level: seen, takesMs, trouble } = now;
    if (trouble === 'hang') await clock.sleep(20_000);
    else if (takesMs > 0) await clock.sleep(takesMs, signal);
    if (trouble === 'fail') throw new Error('no such thing');
    return { level: seen };
  };
  const service: WatchedService = {
    name: 'web',
    snapshot() {
      const isReady = life.readyAt <= clock.now();
      const none = { life: null, pid: null, startedAt: null, ready: null, readyAt: null, lastExit: null };
      if (!now.runs) return { state: 'stopped', wanted: false, ...none };
      const facts = { life: `life-${life.number}`, pid: 42, startedAt: life.startedAt, ready: isReady };
      return { ...none, state: 'running', wanted: true, ...facts, readyAt: isReady ? life.readyAt : null };
    },
    restart(_reason, who) {
      restarts.push({ at: clock.now(), watch: who.replace('the watch ', '') });
      begin(0);
    },
    stop: () => {},
    restartDependents: () => {},
    run: () => Promise.resolve('exited with code 0'),
    tail: () => [],
  };
  let saved: PersistedWatches | undefined;
  let keeper = looks.open();
  /** What the watch is after each look that it keeps. */
  const follow = (name: string, sink: LookSink): LookSink => ({
    add(look) {
      sink.add(look);
      const state = watching.figures().find((each) => each.name === name)?.state ?? '';
      looked.push({ name, at: look.at, state });
    },
  });
  const open = (): Watching => {
    // Never at the same moment.
    const phases = [0.25, 0.75];
    const watches = ['a', 'b'].map((name) => ({
      settings: { ...settings, name },
      watcher: level.open({ max: 4 }, { figures } as unknown as WatchContext),
      fingerprint: 'same',
      history: follow(name, keeper.open({ service: 'web', watch: name, kind: 'level' }, ['level'])),
    }));
    return createWatching(service, watches, {
      clock,
      log: silentLog,
      random: () => phases.shift() ?? 0,
      records: (drafts) => records.push(...drafts),
      restored: saved,
      persist: (state) => {
        saved = JSON.parse(JSON.stringify(state)) as PersistedWatches;
      },
    });
  };
  // A look that is on its way is waited for.
  const close = (looking: Watching): Promise<unknown> => Promise.all([looking.close(), clock.advance(2000)]);
  let watching = open();
  for (const each of all) {
    if (each.do === 'see') Object.assign(now, { level: each.level, takesMs: each.takesMs, trouble: '' });
    else if (each.do === 'fail' || each.do === 'hang') now.trouble = each.do;
    else if (each.do === 'live') begin(each.readyMs);
    else if (each.do === 'stop') now.runs = false;
    else {
      await close(watching);
      if (each.do === 'kill') {
        keeper.flush();
        keeper.kill();
        keeper = looks.open();
        begin(0);
      }
      watching = open();
    }
    await clock.advance(each.ms);
  }
  await close(watching);
  keeper.close();
  return {
    seen: looks.read('web'),
    looks: (watch) => looked.filter(({ name }) => name === watch).map(({ name: _name, ...look }) => look),
    told: (watch) => toldOf(watch, records, restarts),
  };
}

function toldOf(
  watch: string,
  records: readonly RecordDraft[],
  restarts: readonly { readonly at: number; readonly watch: string }[],
): Told[] {
  const own = records.filter(({ fields }) => fields?.['watch'] === watch);
  const flips = own
    .filter(({ kind, fields }) => kind === 'flip' && fields?.['subject'] === 'watch')
    .map(({ time, fields }) => ({ at: time / 1000, what: flipText(fields as unknown as Flipped) }));
  const done = own
    .filter(({ kind, fields }) => kind === 'note' || (kind === 'action' && fields?.['outcome'] === undefined))
    .filter(({ fields }) => typeof fields?.['action'] === 'string')
    .map(({ time, fields }) => ({ at: time / 1000, what: String(fields?.['action']) }));
  const ended = restarts.filter((each) => each.watch === watch).map(({ at }) => ({ at, what: 'restart' }));
  return [...flips, ...done, ...ended].toSorted((a, b) => a.at - b.at || a.what.localeCompare(b.what));
}

export interface Flipped {
  readonly from: string;
  readonly to: string;
  readonly value: string | null;
  readonly reason: string;
}

export function flipText({ from, to, value, reason }: Flipped): string {
  return `${from} to ${to} (${value}): ${reason}`;
}
