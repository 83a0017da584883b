import * as v from 'valibot';
import { report } from '../../wire/page/report.ts';
import { visibleAgents } from '../server/principal.ts';
import type { Action, ActionAnswer, ActionError, Session } from '../server/session.ts';
import { boardFor } from './board-view.ts';
import type { Present } from './present.ts';
import type { Reporters } from './reporters.ts';
import type { Watchers } from './watchers.ts';

export interface BoardParts {
  readonly present: Present;
  readonly reporters: Reporters;
  readonly watchers: Watchers;
  /** Of the hub. */
  readonly version: string;
  /** Wall milliseconds. */
  readonly now: () => number;
}

/** `report` of agents; `board` and `unboard` of whoever looks: see docs/hub-board.md. */
export function boardActions({ present, reporters, watchers, version, now }: BoardParts): readonly Action[] {
  return [
    action('report', report, (request, session) => {
      if (session.principal.kind !== 'agent')
        return refused('forbidden', 'cannot take the report: only agents report');
      const taken = reporters.report(session, request);
      return taken.ok ? { ok: true, body: {} } : taken;
    }),
    action('board', v.object({}), (_request, session) => {
      const board = boardFor(present.agents, visibleAgents(session.principal), { now: now(), version });
      watchers.add(session);
      return { ok: true, body: board };
    }),
    action('unboard', v.object({}), (_request, session) => {
      watchers.remove(session);
      return { ok: true, body: {} };
    }),
  ];
}

function action<T>(
  name: string,
  schema: v.GenericSchema<unknown, T>,
  run: (request: T, session: Session) => ActionAnswer,
): Action {
  return {
    name,
    schema,
    async run(request, session) {
      // The old protocol has no events.
      if (session.version === 1) return refused('invalid', `cannot use ${name}: it needs version 2`);
      return run(request as T, session);
    },
  };
}

function refused(code: ActionError['code'], message: string): ActionAnswer {
  return { ok: false, error: { code, message } };
}
