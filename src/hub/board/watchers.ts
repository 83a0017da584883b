import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { visibleAgents } from '../server/principal.ts';
import type { Session } from '../server/session.ts';
import { type AgentStates, boardFor, changeFor, type Visible } from './board-view.ts';
import { type Changes, createChanges } from './changes.ts';

/** Changes go out so often at most, and what changes together goes together. */
const PERIOD_MS = 250;
const TOGETHER_MS = 20;

/** The connections that look at the board. */
export interface Watchers {
  readonly changes: Changes;
  /** From now on it is told of changes; once more does nothing more. */
  add(session: Session): void;
  remove(session: Session): void;
  close(): void;
}

interface Watcher {
  readonly session: Session;
  readonly visible: Visible;
  /** It takes nothing: it is sent all of it when it does again. */
  isBehind: boolean;
}

export interface WatcherOptions {
  readonly agents: () => AgentStates;
  /** Of the hub. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createWatchers({ agents, version, clock, log }: WatcherOptions): Watchers {
  const watchers = new Map<Session, Watcher>();
  let timer: Timer | undefined;
  let toldAt = -Infinity;
  const noted = (): void => {
    if (timer !== undefined || watchers.size === 0) return;
    const wait = Math.max(TOGETHER_MS, toldAt + PERIOD_MS - clock.monotonic());
    timer = clock.timer(wait, tell);
  };
  const changes = createChanges(noted);
  const tell = (): void => {
    timer = undefined;
    toldAt = clock.monotonic();
    const taken = changes.take();
    const now = clock.now();
    for (const watcher of watchers.values()) {
      if (watcher.isBehind) continue;
      const change = changeFor(agents(), watcher.visible, taken, now);
      if (change !== undefined && !watcher.session.push({ event: 'board', ...change })) catchUp(watcher);
    }
  };
  /** In the place of all that it missed: the whole board, as soon as there is room. */
  const sendWhole = async (watcher: Watcher): Promise<void> => {
    const { session, visible } = watcher;
    for (;;) {
      await session.room();
      if (watchers.get(session) !== watcher) return;
      const whole = boardFor(agents(), visible, { now: clock.now(), version });
      if (session.push({ event: 'board', whole: true, ...whole })) break;
    }
    watcher.isBehind = false;
  };
  const catchUp = (watcher: Watcher): void => {
    watcher.isBehind = true;
    sendWhole(watcher).catch((error: unknown) => {
      log.error('cannot send the board', { error: String(error) });
      watchers.delete(watcher.session);
    });
  };
  return {
    changes,
    add(session) {
      if (session.signal.aborted || watchers.has(session)) return;
      // Nobody took what changed before.
      if (watchers.size === 0) changes.take();
      watchers.set(session, { session, visible: visibleAgents(session.principal), isBehind: false });
      session.signal.addEventListener('abort', () => watchers.delete(session), { once: true });
    },
    remove: (session) => void watchers.delete(session),
    close() {
      timer?.cancel();
      watchers.clear();
    },
  };
}
