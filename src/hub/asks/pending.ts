import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { AskEvent } from '../../wire/page/asks.ts';
import type { Session } from '../server/session.ts';

/** Why there is no value. */
export type AskTrouble =
  /** The agent says why not. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Too much waits: it was not sent. */
  | { readonly kind: 'full'; readonly message: string }
  /** It may have done it nevertheless. */
  | { readonly kind: 'unanswered'; readonly message: string }
  /** It is no answer. */
  | { readonly kind: 'wrong'; readonly message: string };

/** What an agent answered, as it came. */
export type GivenAnswer =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string; readonly message: string } }
  | { readonly wrong: string };

/** What was asked of agents and is not answered yet. */
export interface PendingAsks {
  /** Asks by one connection, and waits for the answer of that very one. Never rejects. */
  send(session: Session, asked: Omit<AskEvent, 'ask'>): Promise<Result<unknown, AskTrouble>>;
  /** @returns false where nothing of this name waits for that connection (any more). */
  answer(session: Session, ask: string, answer: GivenAnswer): boolean;
}

type Settle = (result: Result<unknown, AskTrouble>) => void;

export interface PendingOptions {
  readonly clock: Clock;
  /** How long an agent may take. */
  readonly deadlineMs: number;
  /** Of one connection. */
  readonly most: number;
}

export function createPendingAsks({ clock, deadlineMs, most }: PendingOptions): PendingAsks {
  const bySession = new Map<Session, Map<string, Settle>>();
  let last = 0;
  const openOf = (session: Session): Map<string, Settle> => {
    const known = bySession.get(session);
    if (known !== undefined) return known;
    const open = new Map<string, Settle>();
    bySession.set(session, open);
    const gone = (): void => {
      bySession.delete(session);
      const message = `cannot say what became of it: ${session.principal.name} went away before it answered`;
      for (const settle of open.values()) settle(err({ kind: 'unanswered', message }));
    };
    session.signal.addEventListener('abort', gone, { once: true });
    return open;
  };
  return {
    send(session, asked) {
      const agent = session.principal.name;
      if (session.signal.aborted) return refuse('unanswered', `cannot ask ${agent}: it went away`);
      const open = openOf(session);
      if (open.size >= most)
        return refuse('full', `cannot ask ${agent} now: ${most} things that it was asked wait for an answer`);
      const ask = `k${++last}`;
      if (!session.push({ event: 'ask', ask, ...asked }))
        return refuse('full', `cannot ask ${agent} now: it does not take what it is sent`);
      return new Promise((resolve) => {
        const settle: Settle = (result) => {
          open.delete(ask);
          late.cancel();
          resolve(result);
        };
        const late = clock.timer(deadlineMs, () => {
          const message = `cannot say what became of it: ${agent} did not answer within ${deadlineMs / 1000} s`;
          settle(err({ kind: 'unanswered', message }));
        });
        open.set(ask, settle);
      });
    },
    answer(session, ask, answer) {
      // Another connection, also one of the same agent, was not asked.
      const settle = bySession.get(session)?.get(ask);
      if (settle === undefined) return false;
      if ('wrong' in answer) settle(err({ kind: 'wrong', message: answer.wrong }));
      else if ('error' in answer)
        settle(err({ kind: 'refused', message: withoutControls(answer.error.message) }));
      else settle(ok(answer.value));
      return true;
    },
  };
}

function refuse(kind: AskTrouble['kind'], message: string): Promise<Result<never, AskTrouble>> {
  return Promise.resolve(err({ kind, message }));
}

/** A text of somebody else, as it may stand in a log, an audit and an answer. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
