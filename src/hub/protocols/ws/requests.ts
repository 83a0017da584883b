import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { DatabaseError } from '../../../core/sqlite.ts';
import { asError } from '../../../core/result.ts';
import { suggest } from '../../../core/suggest.ts';
import type { Log } from '../../../core/log.ts';
import type { Action, ActionAnswer, ActionError, Session } from '../../server/session.ts';
import type { Frame } from './frames.ts';

/** What became of a request. `broke`: an error of the hub's own, which is in its log and in no answer. */
export type Outcome = ActionAnswer & { readonly broke?: true };

export interface Requests {
  answer(frame: Frame, session: Session): Promise<Outcome>;
}

export function createRequests(actions: readonly Action[], log: Log): Requests {
  const byName = new Map(actions.map((action) => [action.name, action]));
  return {
    async answer(frame, session) {
      const name = frame['action'];
      if (typeof name !== 'string') return refusal('invalid', 'cannot use the frame: it has no action');
      const action = byName.get(name);
      if (action === undefined) return unknownAction(name, [...byName.keys()], session.version);
      const read = readRequest(action, frame, session.version);
      if (!read.ok) return refusal('invalid', `cannot use ${name}: ${read.problem}`);
      try {
        return await action.run(read.value, session);
      } catch (thrown) {
        return broken(thrown, name, log);
      }
    },
  };
}

function refusal(code: ActionError['code'], message: string): ActionAnswer {
  return { ok: false, error: { code, message } };
}

function unknownAction(name: string, names: readonly string[], version: 1 | 2): ActionAnswer {
  if (version === 1) return refusal('unknown', 'Unknown Action');
  const meant = suggest(name, names);
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return refusal('unknown', `cannot do "${shown}": there is no such action${hint}`);
}

type Read = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/** The whole frame against the action's schema; keys that it does not know are an error in version 2. */
function readRequest({ schema }: Action, frame: Frame, version: 1 | 2): Read {
  const { action: _action, id: _id, ...request } = frame;
  const entries = (schema as { readonly entries?: Readonly<Record<string, unknown>> }).entries;
  if (version === 2 && entries !== undefined) {
    const stranger = Object.keys(request).find((key) => !Object.hasOwn(entries, key));
    if (stranger !== undefined) return { ok: false, problem: `${shorten(stranger)} is no key of it` };
  }
  const parsed = v.safeParse(schema, request, { abortEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output };
  return { ok: false, problem: problemOf(parsed.issues[0]) };
}

/** What is wrong, and where: `logs 3: level is no whole number`. */
export function problemOf(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `${key + 1}:` : shorten(String(key)),
  );
  const message = issue.message.startsWith('Invalid ')
    ? `is ${shorten(issue.received)}, not ${shorten(issue.expected ?? 'that')}`
    : issue.message;
  return [...path, message].join(' ');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Nothing of what was thrown goes out: whoever keeps the hub finds it in its log under the same name. */
function broken(thrown: unknown, action: string, log: Log): Outcome {
  const id = randomUUID().slice(0, 8);
  log.error(`cannot answer ${action}`, { error: asError(thrown).stack, id });
  const later = thrown instanceof DatabaseError && thrown.retry;
  const message = `cannot answer now: an error of the hub's own, see "${id}" in its log`;
  return {
    ok: false,
    error: later ? { code: 'later', message, retryAfterMs: 1000 } : { code: 'failed', message },
    broke: true,
  };
}
