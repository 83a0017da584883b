import * as v from 'valibot';
import { ASKS } from './asks.ts';
import { bars, barSlots, board, series, sparks, statusPage } from './board.ts';
import { micros, name, nullableTime, recordEntries, text, time } from './values.ts';

/** What the page asks its hub by HTTP: the typed client of the page is generated from this (scripts/generate/page-client.ts). */

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:name` is a parameter. */
  readonly path: string;
  /** One line for whoever uses the client. */
  readonly about: string;
  /** Of GET and DELETE the query, else the body. Parameters of the path come beside it. */
  readonly params?: v.GenericSchema<unknown, unknown>;
  readonly answer: v.GenericSchema<unknown, unknown>;
}

const names = v.array(name);
const role = v.picklist(['view', 'operate', 'admin']);

/** A record as every protocol of the hub shows it. */
const row = v.object({ id: name, position: v.number(), ...recordEntries });

const me = v.object({
  kind: v.picklist(['user', 'agent']),
  name,
  role: v.optional(role),
  /** null: all. */
  agents: v.nullable(names),
  /** Of a session: what a page says with everything that changes something. */
  csrf: v.optional(v.string()),
  expires: v.optional(time),
});

const token = v.object({
  id: name,
  kind: v.picklist(['user', 'agent']),
  name,
  label: text,
  state: v.picklist(['live', 'revoked', 'expired']),
  created: time,
  expires: nullableTime,
  revoked: nullableTime,
  used: nullableTime,
});
const code = v.object({
  id: name,
  kind: name,
  name: v.nullable(name),
  uses: v.number(),
  created: time,
  expires: time,
});
const user = v.object({ name, role, agents: v.nullable(names), password: v.boolean(), created: time });

const auditRow = v.object({
  id: v.number(),
  time,
  who: text,
  address: text,
  what: text,
  whom: text,
  times: v.number(),
});

/** A filter of records: docs/hub-queries.md has the words. */
const filter = {
  since: v.optional(v.string()),
  until: v.optional(v.string()),
  window: v.optional(v.string()),
  agent: v.optional(names),
  host: v.optional(names),
  service: v.optional(names),
  sender: v.optional(names),
  life: v.optional(names),
  kind: v.optional(names),
  level: v.optional(v.string()),
  levelMax: v.optional(v.string()),
  text: v.optional(v.string()),
  words: v.optional(v.string()),
  matches: v.optional(v.string()),
  field: v.optional(names),
};

const RANGE = v.picklist(['24h', '90d']);

export const ENDPOINTS = {
  me: { method: 'GET', path: '/api/me', about: 'Who looks.', answer: me },
  login: {
    method: 'POST',
    path: '/api/login',
    about: 'Lets somebody in by a password.',
    params: v.object({ name, password: v.string() }),
    answer: me,
  },
  logout: {
    method: 'POST',
    path: '/api/logout',
    about: 'Ends the session.',
    answer: v.object({ done: v.boolean() }),
  },
  changePassword: {
    method: 'POST',
    path: '/api/password',
    about: 'Gives the user of the session another password.',
    params: v.object({ old: v.string(), new: v.string() }),
    answer: v.object({ done: v.boolean() }),
  },
  board: { method: 'GET', path: '/api/board', about: 'How everything stands.', answer: board },
  bars: {
    method: 'GET',
    path: '/api/bars',
    about: 'How every service stood, slot by slot.',
    params: v.object({ range: RANGE }),
    answer: bars,
  },
  bar: {
    method: 'GET',
    path: '/api/bar',
    about: 'The slots of one service, with seconds.',
    params: v.object({ agent: name, name, range: RANGE }),
    answer: barSlots,
  },
  sparks: {
    method: 'GET',
    path: '/api/sparks',
    about: 'The last hour of some services, `AGENT/NAME`, 100 at most.',
    params: v.object({ of: names }),
    answer: sparks,
  },
  series: {
    method: 'GET',
    path: '/api/series',
    about: 'The figures of one service; milliseconds.',
    params: v.object({ agent: name, name, since: time, until: time }),
    answer: series,
  },
  records: {
    method: 'GET',
    path: '/api/records',
    about: 'Records, the newest first, a page.',
    params: v.object({
      ...filter,
      limit: v.optional(v.number()),
      cursor: v.optional(v.string()),
      budget: v.optional(v.string()),
    }),
    answer: v.object({
      rows: v.array(row),
      next: v.nullable(v.string()),
      cut: v.boolean(),
      scanned: v.number(),
      of: v.number(),
    }),
  },
  context: {
    method: 'GET',
    path: '/api/context',
    about: 'A record and its neighbours, the oldest first.',
    params: v.object({
      position: v.number(),
      before: v.optional(v.number()),
      after: v.optional(v.number()),
      of: v.optional(v.picklist(['service', 'agent'])),
    }),
    answer: v.object({ before: v.array(row), row, after: v.array(row), cut: v.boolean() }),
  },
  counts: {
    method: 'GET',
    path: '/api/counts',
    about: 'How many records there are, by time and level; microseconds.',
    params: v.object({ ...filter, step: v.optional(v.string()), budget: v.optional(v.string()) }),
    answer: v.object({
      since: micros,
      until: micros,
      step: v.number(),
      counts: v.array(
        v.object({ time: micros, total: v.number(), levels: v.record(v.string(), v.number()) }),
      ),
      cut: v.boolean(),
      countedFrom: v.optional(micros),
    }),
  },
  values: {
    method: 'GET',
    path: '/api/values',
    about: 'What there is to choose from.',
    params: v.object({
      since: v.optional(v.string()),
      until: v.optional(v.string()),
      window: v.optional(v.string()),
    }),
    answer: v.object({
      agents: names,
      hosts: names,
      services: names,
      kinds: names,
      senders: names,
      cut: v.boolean(),
    }),
  },
  statusPage: {
    method: 'GET',
    path: '/api/status-page',
    about: 'What everybody may see.',
    answer: statusPage,
  },
  tokens: {
    method: 'GET',
    path: '/api/tokens',
    about: 'Tokens and codes.',
    answer: v.object({ tokens: v.array(token), codes: v.array(code) }),
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    about: 'Makes a token, which is shown only now.',
    params: v.object({
      kind: v.picklist(['user', 'agent']),
      name,
      label: v.optional(text),
      expires: v.optional(v.string()),
    }),
    answer: v.object({ id: name, token: v.string() }),
  },
  createCode: {
    method: 'POST',
    path: '/api/codes',
    about: 'Makes an enrolment code.',
    params: v.object({
      agent: v.optional(name),
      uses: v.optional(v.number()),
      expires: v.optional(v.string()),
    }),
    answer: v.object({ id: name, code: v.string(), agent: v.nullable(name), uses: v.number() }),
  },
  revoke: {
    method: 'DELETE',
    path: '/api/tokens/:id',
    about: 'Ends a token or a code.',
    answer: v.object({ id: name }),
  },
  users: { method: 'GET', path: '/api/users', about: 'Users.', answer: v.object({ users: v.array(user) }) },
  createUser: {
    method: 'POST',
    path: '/api/users',
    about: 'Makes a user.',
    params: v.object({
      name,
      role: v.optional(role),
      agents: v.nullable(names),
      password: v.optional(v.string()),
    }),
    answer: user,
  },
  changeUser: {
    method: 'PATCH',
    path: '/api/users/:name',
    about: 'Changes what is said of a user.',
    params: v.object({
      role: v.optional(role),
      agents: v.optional(v.nullable(names)),
      password: v.optional(v.nullable(v.string())),
    }),
    answer: user,
  },
  removeUser: {
    method: 'DELETE',
    path: '/api/users/:name',
    about: 'Takes a user away.',
    answer: v.object({ name }),
  },
  audit: {
    method: 'GET',
    path: '/api/audit',
    about: 'Who did what, the newest first.',
    params: v.object({ limit: v.optional(v.number()), before: v.optional(v.number()) }),
    answer: v.object({ rows: v.array(auditRow), next: v.nullable(v.number()) }),
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** What is asked of a daemon by `POST /api/ask/METHOD`: params and value of each. */
export { ASKS };
