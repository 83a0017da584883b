import * as v from 'valibot';
import { err, ok, type Result } from '../../core/result.ts';
import { suggest } from '../../core/suggest.ts';
import { answerFrame, ASKS, type AskMethod, type askBody } from '../../wire/page/asks.ts';
import type { Doors } from '../server/doors.ts';
import { hasRole, type UserPrincipal, visibleAgents } from '../server/principal.ts';
import type { Action, Session } from '../server/session.ts';
import { createPendingAsks, type AskTrouble, type GivenAnswer, withoutControls } from './pending.ts';

/** The agents that are connected: implementation `hub/board/`. */
export interface AgentConnections {
  /** The connection by which an agent last said how it stands; undefined where there is none. */
  connection(agent: string): Session | undefined;
}

/** What somebody did through the hub, for the audit: called once for each act, when it is over. */
export type TellAct = (act: Act) => void;

export interface Act {
  /** `user ada`. */
  readonly who: string;
  readonly address: string;
  readonly agent: string;
  /** `restart web, db: done; reason: the queue hangs`. */
  readonly what: string;
}

export interface AsksOptions {
  readonly doors: Pick<Doors, 'clock' | 'counters'>;
  readonly agents: AgentConnections;
  /** Whether there is an agent of a name that is not connected. */
  readonly isAgent: (name: string) => boolean;
  readonly audit: TellAct;
  readonly deadlineMs?: number;
  /** Asks of one connection that wait for an answer. */
  readonly most?: number;
  /** The same of one user, of all agents. */
  readonly mostOfUser?: number;
}

/** Why somebody does not get what was asked for: a status of HTTP, and `cannot …`. */
export interface AskRefusal {
  readonly status: 400 | 403 | 404 | 409 | 429 | 502 | 503 | 504;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** Hands on what people ask of agents. See docs/hub-page.md. */
export interface Asks {
  /** @param body what came with it, checked already. Never rejects but for bugs. */
  ask(
    method: string,
    body: v.InferOutput<typeof askBody>,
    user: UserPrincipal,
    address: string,
  ): Promise<Result<unknown, AskRefusal>>;
  /** `answer`, for agents. */
  readonly actions: readonly Action[];
}

const DEADLINE_MS = 20_000;
const MOST_OPEN = 100;
const MOST_OF_USER = 30;
const RETRY_MS = 1000;

type Body = v.InferOutput<typeof askBody>;

export function createAsks(options: AsksOptions): Asks {
  const { doors, agents, audit, mostOfUser = MOST_OF_USER } = options;
  const { deadlineMs = DEADLINE_MS, most = MOST_OPEN } = options;
  const pending = createPendingAsks({ clock: doors.clock, deadlineMs, most });
  const ofUsers = new Map<string, number>();
  const counted = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    ofUsers.set(name, (ofUsers.get(name) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (ofUsers.get(name) ?? 1) - 1;
      if (left > 0) ofUsers.set(name, left);
      else ofUsers.delete(name);
    }
  };
  return {
    actions: [answerAction(pending.answer)],
    async ask(method, body, user, address) {
      const checked = check(method, body, user, options);
      if (!checked.ok) return checked;
      const { name, params, why } = checked.value;
      if ((ofUsers.get(user.name) ?? 0) >= mostOfUser)
        return refuse(429, `cannot ask more now: ${mostOfUser} things wait for an answer`, RETRY_MS);
      const session = agents.connection(body.agent);
      if (session === undefined)
        return refuse(503, `cannot ask ${body.agent}: it is not connected`, RETRY_MS);
      doors.counters.count('asked', 'ws');
      const answer = await counted(user.name, () =>
        pending.send(session, { method: name, params, who: user.name, why }),
      );
      const outcome = answer.ok ? read(name, body.agent, answer.value) : refusalOf(answer.error);
      if (!outcome.ok && outcome.error.status >= 502) doors.counters.count('unanswered', 'ws');
      if (ASKS[name].role !== 'view') {
        const what = `${name}${namesIn(params)}: ${shorten(outcomeText(outcome))}; reason: ${why}`;
        audit({ who: `user ${user.name}`, address, agent: body.agent, what });
      }
      return outcome;
    },
  };
}

/** Who may ask for what: nothing is said of agents that may not be seen. */
function check(
  method: string,
  { agent, params, why }: Body,
  user: UserPrincipal,
  { agents, isAgent }: Pick<AsksOptions, 'agents' | 'isAgent'>,
): Result<
  {
    readonly name: AskMethod;
    readonly params: Readonly<Record<string, unknown>> & Body['params'];
    readonly why: string;
  },
  AskRefusal
> {
  if (!isMethod(method)) {
    const meant = suggest(method, Object.keys(ASKS));
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    return refuse(
      404,
      `cannot ask for ${JSON.stringify(method.slice(0, 60))}: there is nothing of that name${hint}`,
    );
  }
  const { role, params: schema } = ASKS[method];
  if (!hasRole(user, role))
    return refuse(403, `cannot ${method}: it takes the role ${role}, you have ${user.role}`);
  const isThere = agents.connection(agent) !== undefined || isAgent(agent);
  if (visibleAgents(user)?.includes(agent) === false || !isThere)
    return refuse(404, `cannot find an agent ${JSON.stringify(agent.slice(0, 60))}`);
  const parsed = v.safeParse(schema, params);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = ['params', v.getDotPath(issue)].filter((part) => part !== null).join('.');
    return refuse(400, `${path}: cannot use this value: ${issue.message}`);
  }
  const reason = withoutControls(why);
  if (role !== 'view' && reason === '')
    return refuse(400, `why: cannot ${method} without a reason: it is kept with what was done`);
  return ok({ name: method, params: parsed.output, why: reason });
}

function isMethod(method: string): method is AskMethod {
  return Object.hasOwn(ASKS, method);
}

/** Nothing of what an agent says goes on that is not of the known form. */
function read(method: AskMethod, agent: string, value: unknown): Result<unknown, AskRefusal> {
  const parsed = v.safeParse(ASKS[method].value, value);
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  const where = path === null ? '' : `${path}: `;
  return refuse(502, `cannot use the answer of ${agent}: ${where}${issue.message}`);
}

function refusalOf({ kind, message }: AskTrouble): Result<never, AskRefusal> {
  if (kind === 'full') return refuse(503, message, RETRY_MS);
  return refuse(STATUS[kind], message);
}

const STATUS = { refused: 409, unanswered: 504, wrong: 502 } as const;

function refuse(
  status: AskRefusal['status'],
  message: string,
  retryAfterMs?: number,
): { readonly ok: false; readonly error: AskRefusal } {
  return err({ status, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** A row of the audit has room for so much of each, and for the reason. */
const MOST_SHOWN = 80;

/** ` web, db`: whom an act is about. */
function namesIn(params: Readonly<Record<string, unknown>>): string {
  const { names, name, id, channel } = params;
  const all = Array.isArray(names) ? names : [name ?? id ?? channel];
  const text = all.filter((each) => typeof each === 'string').join(', ');
  return text === '' ? '' : ` ${shorten(text)}`;
}

function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** `done`; where several were named, what was not done of it. */
function outcomeText(outcome: Result<unknown, AskRefusal>): string {
  if (!outcome.ok) return outcome.error.message;
  const results = Array.isArray(outcome.value)
    ? (outcome.value as { name: string; done: boolean; message: string }[])
    : [];
  const undone = results.filter(({ done }) => !done);
  if (undone.length === 0) return 'done';
  return `not done: ${undone.map(({ name, message }) => `${name} (${message})`).join(', ')}`;
}

const ANSWER = v.object({
  ask: answerFrame.entries.ask,
  value: v.optional(v.unknown()),
  error: v.optional(v.unknown()),
});

/** How an agent answers what it was asked. A form that is wrong ends the waiting as well. */
function answerAction(
  answer: (session: Session, ask: string, given: GivenAnswer) => boolean,
): Action<v.InferOutput<typeof ANSWER>> {
  return {
    name: 'answer',
    schema: ANSWER,
    async run(frame, session) {
      if (session.principal.kind !== 'agent')
        return failed('forbidden', 'cannot answer: only agents are asked');
      const given = givenIn(frame, session.principal.name);
      if (!answer(session, frame.ask, given))
        return failed(
          'unknown',
          `cannot take the answer: nothing of that name waits for one of this connection`,
        );
      return 'wrong' in given ? failed('invalid', given.wrong) : { ok: true, body: {} };
    },
  };
}

function givenIn(frame: v.InferOutput<typeof ANSWER>, agent: string): GivenAnswer {
  if (frame.error === undefined && frame.value !== undefined) return { value: frame.value };
  const error = v.safeParse(answerFrame.entries.error, frame.error);
  if (frame.value === undefined && error.success && error.output !== undefined)
    return { error: error.output };
  return {
    wrong: `cannot use the answer of ${agent}: it takes either a value or an error with code and message`,
  };
}

function failed(code: 'forbidden' | 'unknown' | 'invalid', message: string) {
  return { ok: false, error: { code, message } } as const;
}
