import type { TestContext } from 'node:test';
import { createLog } from '../../src/core/log.ts';
import { type Board, openBoard } from '../../src/hub/board/board.ts';
import type { Principal } from '../../src/hub/server/principal.ts';
import type { Action, ActionAnswer, Session } from '../../src/hub/server/session.ts';
import type { Board as BoardJson } from '../../src/wire/page/board.ts';
import type { ReportedPipeline } from '../../src/wire/page/pipeline.ts';
import type { Report, ReportedJob, ReportedService } from '../../src/wire/page/report.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { onEnd, tempFolder } from './leaks.ts';

/** A service that runs and is well. */
export function reportedService(name: string, parts: Partial<ReportedService> = {}): ReportedService {
  return {
    name,
    kind: 'command',
    about: `node ${name}.js`,
    state: 'running',
    condition: 'ok',
    trouble: '',
    since: 1_700_000_000_000,
    stateSince: 1_700_000_000_000,
    wanted: true,
    boot: true,
    ready: true,
    life: 'life-1',
    pid: 42,
    startedAt: 1_700_000_000_000,
    waitsFor: [],
    needs: [],
    lane: 'fast',
    failures: 0,
    starts: 1,
    mostStarts: 12,
    nextStartAt: null,
    lastExit: null,
    watches: [],
    silences: [],
    figures: {},
    stream: null,
    ...parts,
  };
}

/** A pipeline that has a name in all that it says. */
export function reportedPipeline(name: string): ReportedPipeline {
  const at = 1_700_000_000_000;
  return {
    works: true,
    held: name,
    onError: 'continue',
    backlog: 1,
    oldest: at,
    progressed: at,
    idleSince: null,
    inboxes: [{ name: `in-${name}`, root: `/${name}`, match: '*', reference: false, files: { done: 3 } }],
    steps: [
      {
        name,
        level: 1,
        from: [`in-${name}`],
        each: 'file',
        enabled: true,
        at: null,
        nextAt: null,
        timeoutMs: 1000,
        concurrency: 1,
        tasks: { done: 3, failed: 1 },
        minute: 1,
        hour: 3,
      },
    ],
    running: [{ task: 1, step: name, key: name, attempt: 1, started: at, inputs: 1, first: `/${name}/a` }],
    moreRunning: 0,
    failures: [{ of: name, reason: name, count: 1, last: at }],
    moreFailures: 0,
    badFiles: 0,
    failuresCut: false,
  };
}

export function reportedJob(name: string, parts: Partial<ReportedJob> = {}): ReportedJob {
  return {
    name,
    verb: 'run',
    about: 'true',
    state: 'idle',
    standing: 'ok',
    condition: 'ok',
    trouble: '',
    since: 1_700_000_000_000,
    run: null,
    progress: null,
    waiting: null,
    blocked: null,
    pause: null,
    lateAt: null,
    last: null,
    next: [],
    zone: null,
    after: [],
    ...parts,
  };
}

export const HOST = {
  version: '0.1.0',
  host: 'box',
  pid: 7,
  since: 1_700_000_000_000,
  config: '/etc/vahti/vahti.yaml',
  acts: true,
  disk: { free: 1, size: 2 },
  memory: null,
  messages: 0,
} as const;

/** A frame of an agent, without its action. */
export function wholeOf(
  services: readonly ReportedService[],
  jobs: readonly ReportedJob[] = [],
): Partial<Report> {
  return { whole: true, host: HOST, services: [...services], jobs: [...jobs] };
}

/** A connection without a socket. */
export interface TestSession extends Session {
  readonly pushed: Record<string, unknown>[];
  /** It takes nothing while it is false. */
  takes: boolean;
  /** Lets whoever waits go on. */
  ring(): void;
  end(): void;
}

export function testSession(principal: Principal, version: 1 | 2 = 2): TestSession {
  const over = new AbortController();
  const pushed: Record<string, unknown>[] = [];
  let waiting: (() => void)[] = [];
  const session: TestSession = {
    principal,
    version,
    signal: over.signal,
    pushed,
    takes: true,
    push(frame) {
      if (session.takes) pushed.push(structuredClone(frame));
      return session.takes;
    },
    room() {
      return session.takes ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },
    ring() {
      const now = waiting;
      waiting = [];
      for (const resolve of now) resolve();
    },
    end() {
      over.abort();
      session.ring();
    },
  };
  return session;
}

/** A board in memory and on disk, and what is said to it; time is turned by hand. */
export interface TestBoard {
  readonly board: Board;
  readonly clock: FakeClock;
  readonly lines: readonly string[];
  readonly folder: string;
  act(name: string, session: Session, frame?: Record<string, unknown>): Promise<ActionAnswer>;
  /** Reports, and it has to be taken. */
  report(session: Session, report: Partial<Report>): Promise<void>;
  /** What somebody sees who may see all. */
  look(): Promise<BoardJson>;
  close(): void;
}

export const agent = (name: string): Principal => ({ kind: 'agent', name });
export const user = (name: string, agents?: readonly string[]): Principal => ({
  kind: 'user',
  name,
  role: 'view',
  agents,
});

export function startBoard(
  t: TestContext,
  { folder = tempFolder(t), clock = createFakeClock() }: { folder?: string; clock?: FakeClock } = {},
): TestBoard {
  const lines: string[] = [];
  const log = createLog('debug', (line) => lines.push(line));
  const opened = openBoard({ folder, version: '1.2.3', clock, log });
  if (!opened.ok) throw new Error(opened.error);
  const board = opened.value;
  const actions = new Map(board.actions.map((action) => [action.name, action]));
  let isOpen = true;
  const close = (): void => {
    if (isOpen) board.close();
    isOpen = false;
  };
  onEnd(t, close);
  const act: TestBoard['act'] = async (name, session, frame = {}) => {
    const action = actions.get(name) as Action;
    return action.run(frame, session);
  };
  const look: TestBoard['look'] = async () => {
    const session = testSession(user('root'));
    const answer = await act('board', session);
    session.end();
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.body as unknown as BoardJson;
  };
  return {
    board,
    clock,
    lines,
    folder,
    act,
    look,
    close,
    async report(session, report) {
      const whole = { services: [], jobs: [], gone: { services: [], jobs: [] }, whole: false, ...report };
      const answer = await act('report', session, whole);
      if (!answer.ok) throw new Error(answer.error.message);
    },
  };
}
