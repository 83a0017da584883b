import * as v from 'valibot';
import type { Doors } from '../server/doors.ts';
import type { Action, ActionAnswer, Session } from '../server/session.ts';
import { FILTER_PARAMS, filterOf, readParams } from './params.ts';
import { createQueries, type Given, type Question, refused } from './queries.ts';
import { rowToJson } from './row-json.ts';
import { readLast, runTail } from './tail.ts';

/** Parameters are read by a table of their own, which names all that is wrong. */
const FRAME = v.record(v.string(), v.unknown());

const MOST_TAILS = 20;

/** `query`, `context`, `counts`, `values`, `tail`, `untail`: see docs/hub-queries.md. */
export function queryActions(doors: Doors): readonly Action[] {
  const queries = createQueries(doors);
  const asking = (name: string, question: Question): Action<Given> => ({
    name,
    schema: FRAME,
    run: (frame, { principal, signal }) => question(parametersIn(frame), { principal, signal }),
  });
  const actions: readonly Action<Given>[] = [
    asking('query', queries.query),
    asking('context', queries.context),
    asking('counts', queries.counts),
    asking('values', queries.values),
    ...tailActions(doors),
  ];
  return actions;
}

function parametersIn(frame: Given): Given {
  return Object.fromEntries(Object.entries(frame).filter(([key]) => key !== 'action' && key !== 'id'));
}

function tailActions(doors: Doors): readonly Action<Given>[] {
  const running = new WeakMap<Session, Map<string, AbortController>>();
  const tailsOf = (session: Session): Map<string, AbortController> => {
    const found = running.get(session) ?? new Map<string, AbortController>();
    running.set(session, found);
    return found;
  };
  return [
    {
      name: 'tail',
      schema: FRAME,
      run: (frame, session) => tail(doors, parametersIn(frame), session, tailsOf(session)),
    },
    {
      name: 'untail',
      schema: FRAME,
      async run(frame, session) {
        const values = readParams(parametersIn(frame), ['tail'], 0);
        if (!values.ok) return refused('invalid', `cannot end it: ${values.error.join('; ')}`);
        const { tail: name = '' } = values.value;
        const found = tailsOf(session).get(name);
        if (found === undefined)
          return refused('unknown', `cannot end the tail ${JSON.stringify(name)}: there is none`);
        found.abort();
        tailsOf(session).delete(name);
        return { ok: true, body: { tail: name } };
      },
    },
  ];
}

let names = 0;

async function tail(
  doors: Doors,
  given: Given,
  session: Session,
  tails: Map<string, AbortController>,
): Promise<ActionAnswer> {
  const { store, clock, log } = doors;
  const now = clock.micros();
  const values = readParams(given, [...FILTER_PARAMS, 'position', 'last', 'tail'], now);
  if (!values.ok) return refused('invalid', `cannot follow: ${values.error.join('; ')}`);
  const { position = store.position(), last = 0, tail: name = `t${++names}` } = values.value;
  if (values.value.position !== undefined && last > 0)
    return refused('invalid', 'cannot follow: position and last: give one of them');
  if (tails.has(name))
    return refused('invalid', `cannot follow: there is a tail ${JSON.stringify(name)} already`);
  if (tails.size >= MOST_TAILS)
    return refused('invalid', `cannot follow: ${MOST_TAILS} tails of a connection at most`);
  const stop = new AbortController();
  tails.set(name, stop);
  const signal = AbortSignal.any([stop.signal, session.signal]);
  const filter = filterOf(values.value, session.principal, now);
  const begin = Math.min(position, store.position());
  const run = async (): Promise<void> => {
    const push = (rows: Parameters<typeof rowToJson>[0][], to: number, skipped: number): boolean =>
      session.push({ event: 'tail', tail: name, rows: rows.map(rowToJson), position: to, skipped });
    const first = await readLast(store, filter, last, begin, signal);
    while (first.length > 0 && !signal.aborted && !push([...first], begin, 0)) await session.room();
    const sink = {
      send: ({
        rows,
        position: to,
        skipped,
      }: {
        rows: readonly Parameters<typeof rowToJson>[0][];
        position: number;
        skipped: number;
      }) => push([...rows], to, skipped),
      room: () => session.room(),
    };
    await runTail(doors, { filter, position: begin, protocol: 'ws' }, sink, signal);
  };
  // The answer goes first.
  clock.timer(0, () => {
    run()
      .catch((error: unknown) => {
        if (!signal.aborted) log.error('cannot follow for a connection', { error: String(error) });
      })
      .finally(() => {
        if (tails.get(name) === stop) tails.delete(name);
      });
  });
  return { ok: true, body: { tail: name, position: begin } };
}
