import type { Clock, Timer } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Report } from '../../wire/page/report.ts';
import type { ActionError, Session } from '../server/session.ts';
import type { Present } from './present.ts';

/** A daemon that is started again is away for some seconds: that is no outage. */
const GRACE_MS = 10_000;

/** Which connection speaks for an agent. */
export interface Agents {
  /** The newest that has reported; undefined where the agent is not connected. */
  connection(agent: string): Session | undefined;
}

export interface Reporters extends Agents {
  report(session: Session, report: Report): Result<void, ActionError>;
  close(): void;
}

/** @param present has the agents of an earlier hub: they have as long to come back as if they had just gone. */
export function createReporters(present: Present, clock: Clock): Reporters {
  const current = new Map<string, Session>();
  /** Those that spoke for an agent until a newer one came. */
  const superseded = new WeakSet<Session>();
  const timers = new Map<string, Timer>();
  let isOver = false;
  const waitFor = (agent: string): void => {
    timers.get(agent)?.cancel();
    const timer = clock.timer(GRACE_MS, () => {
      timers.delete(agent);
      present.giveUp(agent);
    });
    timers.set(agent, timer);
  };
  const lose = (agent: string, session: Session): void => {
    if (current.get(agent) !== session) return;
    current.delete(agent);
    present.lose(agent);
    if (!isOver) waitFor(agent);
  };
  for (const agent of present.agents.keys()) waitFor(agent);
  return {
    connection: (agent) => current.get(agent),
    report(session, report) {
      const agent = session.principal.name;
      const known = current.get(agent);
      const problem = (code: ActionError['code'], why: string): Result<void, ActionError> =>
        err({ code, message: `cannot take the report: ${why}` });
      if (session.signal.aborted) return problem('failed', 'the connection is over');
      if (superseded.has(session)) return problem('forbidden', `a newer connection of ${agent} reports`);
      if (known !== session && !report.whole)
        return problem('invalid', 'the first of a connection has to be whole');
      const taken = present.report(agent, report);
      if (!taken.ok) return problem('invalid', taken.error);
      if (known === session) return ok(undefined);
      if (known !== undefined) superseded.add(known);
      current.set(agent, session);
      timers.get(agent)?.cancel();
      timers.delete(agent);
      session.signal.addEventListener('abort', () => lose(agent, session), { once: true });
      return ok(undefined);
    },
    close() {
      isOver = true;
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
