import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { BAR_LETTERS, type BarRange, type BoardService } from '../../wire/page/board.ts';
import type { Doors } from '../server/doors.ts';
import type { Action } from '../server/session.ts';
import { boardActions } from './actions.ts';
import { showService } from './agent-state.ts';
import { startKeeper } from './keeper.ts';
import { createPresent } from './present.ts';
import { CUTS } from './letters.ts';
import { loadAll } from './remembered.ts';
import { type Agents, createReporters } from './reporters.ts';
import { registerBoard } from './routes.ts';
import { openBoardStore } from './store.ts';
import { createTracks } from './tracks.ts';
import { createWatchers } from './watchers.ts';

/** How everything stands, and stood: what agents report, and what the page shows. */
export interface Board {
  /** `report`, `board`, `unboard`, for createSockets. */
  readonly actions: readonly Action[];
  /** `/api/board`, `bars`, `bar`, `sparks`, `series`. */
  register(app: FastifyInstance, doors: Doors): void;
  readonly agents: Agents;
  /** A service as it stands; undefined where there is none. For whoever is not asked who he is: the status page. */
  present(agent: string, name: string): BoardService | undefined;
  /** Its bar, and how much of the wanted time it was up; of one that was never heard of nothing is known. */
  bar(agent: string, name: string, range: BarRange): { readonly bar: string; readonly up: number | null };
  /** Stores everything. */
  close(): void;
}

export interface BoardOptions {
  /** The hub's: `board.db` is kept in it. */
  readonly folder: string;
  /** Of the hub. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The error is a sentence. */
export function openBoard({ folder, version, clock, log }: BoardOptions): Result<Board, string> {
  const opened = openBoardStore(folder, { now: clock.now(), note: (message) => log.warn(message) });
  if (!opened.ok) return opened;
  const store = opened.value;
  const tracks = createTracks();
  const watchers = createWatchers({ agents: () => present.agents, version, clock, log });
  const present = createPresent({ clock, tracks, changes: watchers.changes });
  try {
    loadAll({ store, present, tracks }, clock.now());
  } catch (error) {
    store.close();
    return err(asError(error).message);
  }
  const reporters = createReporters(present, clock);
  const keeper = startKeeper({ store, present, tracks, clock, log });
  const now = (): number => clock.now();
  return ok({
    actions: boardActions({ present, reporters, watchers, version, now }),
    register: (app, doors) => registerBoard(app, doors, { present, tracks, store, version, now }),
    agents: reporters,
    present(agent, name) {
      const state = present.agents.get(agent);
      const service = state?.services.get(name);
      return state === undefined || service === undefined ? undefined : showService(state, service);
    },
    bar: (agent, name, range) =>
      tracks.find(agent, name)?.bars.bar(range, clock.now()) ?? {
        bar: BAR_LETTERS.none.repeat(CUTS[range].shown),
        up: null,
      },
    close() {
      watchers.close();
      reporters.close();
      keeper.close();
      store.close();
    },
  });
}
