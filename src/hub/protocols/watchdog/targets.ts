import { err, ok, type Result } from '../../../core/result.ts';
import { visibleAgents } from '../../server/principal.ts';
import type { ActionAnswer, ActionError, Session } from '../../server/session.ts';

/** Of whom a frame speaks: `agent`, or `wdcode` as it was called; else whom the session means. */
export interface Naming {
  readonly agent?: string | undefined;
  readonly wdcode?: string | undefined;
}

/** The agent that is meant, if it may be seen; whether there is one of that name is not told. */
export function targetOf(session: Session, { agent, wdcode }: Naming): Result<string, ActionError> {
  const name = agent ?? wdcode ?? session.agent;
  if (name === undefined)
    return err({ code: 'invalid', message: 'cannot tell which agent is meant: name it as "agent"' });
  if (visibleAgents(session.principal)?.includes(name) === false)
    return err({ code: 'forbidden', message: `cannot show "${name.slice(0, 60)}": it is none of yours` });
  return ok(name);
}

export function answered(body: Readonly<Record<string, unknown>>): ActionAnswer {
  return { ok: true, body };
}

export function refused(error: ActionError): ActionAnswer {
  return { ok: false, error };
}

export function invalid(message: string): ActionAnswer {
  return refused({ code: 'invalid', message });
}
