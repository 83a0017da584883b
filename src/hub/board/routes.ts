import type { FastifyInstance } from 'fastify';
import type { Bars } from '../../wire/page/board.ts';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import { type Principal, visibleAgents } from '../server/principal.ts';
import { barsFrame } from './bars.ts';
import { boardFor, type Visible } from './board-view.ts';
import { seriesOf, sparksOf } from './history.ts';
import { readAll, type ServiceName } from './params.ts';
import type { Present } from './present.ts';
import type { BoardStore } from './store.ts';
import type { Track, Tracks } from './tracks.ts';

export interface RouteParts {
  readonly present: Present;
  readonly tracks: Tracks;
  readonly store: BoardStore;
  readonly version: string;
  /** Wall milliseconds. */
  readonly now: () => number;
}

/** What a question is answered with, or why not. */
type Answer =
  | { readonly ok: true; readonly body: object }
  | { readonly ok: false; readonly status: 400 | 404; readonly message: string };
type Given = Readonly<Record<string, unknown>>;

/** `GET /api/board`, `bars`, `bar`, `sparks`, `series`: see docs/hub-board.md. */
export function registerBoard(app: FastifyInstance, doors: Doors, parts: RouteParts): void {
  const answers = boardAnswers(parts);
  for (const [path, answer] of Object.entries(answers))
    app.get(`/api/${path}`, async (request, reply) => {
      const asked = principalOf(request, reply, doors, 'http');
      if (!asked.ok) return asked.error;
      const given = answer(request.query as Given, asked.value);
      return given.ok ? reply.send(given.body) : refuse(reply, given.status, given.message);
    });
}

function boardAnswers({ present, tracks, store, version, now }: RouteParts) {
  /** A service that is on the board and may be seen; any other is as one that is not there. */
  const find = ({ agent, name }: ServiceName, principal: Principal): Track | undefined =>
    maySee(visibleAgents(principal), agent) && present.agents.get(agent)?.services.has(name) === true
      ? tracks.find(agent, name)
      : undefined;
  return {
    board(given: Given, principal: Principal): Answer {
      const read = readAll(given, []);
      if (!read.ok) return invalid(read.error);
      return found(boardFor(present.agents, visibleAgents(principal), { now: now(), version }));
    },
    bars(given: Given, principal: Principal): Answer {
      const read = readAll(given, ['range']);
      if (!read.ok) return invalid(read.error);
      const { range } = read.value;
      const [at, visible] = [now(), visibleAgents(principal)];
      const services: Bars['services'] = [];
      for (const state of present.agents.values()) {
        if (!maySee(visible, state.name)) continue;
        for (const name of state.services.keys()) {
          const track = tracks.find(state.name, name);
          if (track !== undefined) services.push({ agent: state.name, name, ...track.bars.bar(range, at) });
        }
      }
      return found({ ...barsFrame(range, at), services });
    },
    bar(given: Given, principal: Principal): Answer {
      const read = readAll(given, ['agent', 'name', 'range']);
      if (!read.ok) return invalid(read.error);
      const track = find(read.value, principal);
      return track === undefined ? unknown(read.value) : found(track.bars.slots(read.value.range, now()));
    },
    sparks(given: Given, principal: Principal): Answer {
      const read = readAll(given, ['of']);
      if (!read.ok) return invalid(read.error);
      return found(
        sparksOf(
          read.value.of.flatMap((each) => find(each, principal) ?? []),
          now(),
        ),
      );
    },
    series(given: Given, principal: Principal): Answer {
      const read = readAll(given, ['agent', 'name', 'since', 'until']);
      if (!read.ok) return invalid(read.error);
      const track = find(read.value, principal);
      if (track === undefined) return unknown(read.value);
      const { since, until } = read.value;
      return found(seriesOf(track, store, { since, until, now: now() }));
    },
  };
}

function maySee(visible: Visible, agent: string): boolean {
  return visible === undefined || visible.includes(agent);
}

function found(body: object): Answer {
  return { ok: true, body };
}

function invalid(problems: readonly string[]): Answer {
  return { ok: false, status: 400, message: `cannot answer this: ${problems.join('; ')}` };
}

function unknown({ agent, name }: ServiceName): Answer {
  return { ok: false, status: 404, message: `cannot find a service ${JSON.stringify(`${agent}/${name}`)}` };
}
