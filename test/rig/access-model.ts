import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Access } from '../../src/hub/access/access.ts';
import type { By } from '../../src/hub/access/audit-log.ts';
import type { Role } from '../../src/hub/server/principal.ts';
import type { FakeClock } from './fake-clock.ts';
import { must } from './hub-access.ts';

export const BY: By = { who: 'the test', address: '' };
const AGENTS = ['alpha', 'Beta.1'] as const;
const USERS = ['ada', 'bob@uni.example'] as const;
export const MINUTE_MS = 60_000;

/** What is done, and what has to follow from it: who may come into a hub. */
export interface KnownToken {
  readonly id: string;
  readonly secret: string;
  readonly kind: 'agent' | 'user' | 'session';
  readonly whose: string;
  readonly expires: number | null;
  revoked: boolean;
}

export interface KnownCode {
  readonly id: string;
  readonly secret: string;
  readonly kind: 'enrolment' | 'link';
  readonly whose: string | undefined;
  readonly expires: number;
  uses: number;
}

/** What has to be so, as plainly as it can be said. */
export interface Model {
  readonly tokens: KnownToken[];
  readonly codes: KnownCode[];
  readonly agents: Set<string>;
  readonly users: Map<string, { readonly role: Role; readonly agents: readonly string[] | undefined }>;
}

export interface World {
  readonly clock: FakeClock;
  readonly model: Model;
  /** Two processes' handles on one file. */
  readonly handles: [Access, Access];
  readonly folder: string;
}

export type Step = (world: World, access: Access) => void | Promise<void>;

const agent = fc.constantFrom(...AGENTS);
const user = fc.constantFrom(...USERS);
const lasts = fc.option(fc.integer({ min: 1, max: 90 }), { nil: undefined });

function stepCreateAgent(whose: string, minutes: number | undefined): Step {
  return ({ clock, model }, { store }) => {
    const expires = minutes === undefined ? {} : { expires: clock.now() + minutes * MINUTE_MS };
    const made = must(store.tokens.create({ kind: 'agent', whose, label: '', ...expires }, BY));
    model.agents.add(whose);
    const { id, token: secret } = made;
    model.tokens.push({ id, secret, kind: 'agent', whose, expires: expires.expires ?? null, revoked: false });
  };
}

function stepCreateUser(whose: string, minutes: number | undefined): Step {
  return ({ clock, model }, { store }) => {
    const expires = minutes === undefined ? {} : { expires: clock.now() + minutes * MINUTE_MS };
    const made = store.tokens.create({ kind: 'user', whose, label: '', ...expires }, BY);
    assert.equal(made.ok, model.users.has(whose));
    if (!made.ok) return;
    const { id, token: secret } = made.value;
    model.tokens.push({ id, secret, kind: 'user', whose, expires: expires.expires ?? null, revoked: false });
  };
}

function stepRights(name: string, role: Role, agents: readonly string[] | null): Step {
  return ({ model }, { store }) => {
    const rights = role === 'admin' ? { role } : { role, agents };
    must(model.users.has(name) ? store.users.change(name, rights, BY) : store.users.create(name, rights, BY));
    model.users.set(name, {
      role,
      agents: role === 'admin' || agents === null ? undefined : [...new Set(agents)],
    });
  };
}

function stepRemoveUser(name: string): Step {
  return ({ model }, { store }) => {
    assert.equal(store.users.remove(name, BY), model.users.delete(name));
    for (const token of model.tokens)
      if (token.kind !== 'agent' && token.whose === name) token.revoked = true;
    for (const code of model.codes) if (code.kind === 'link' && code.whose === name) code.uses = 0;
  };
}

function stepLockOut(kind: 'agent' | 'user', name: string): Step {
  return ({ model, clock }, { store }) => {
    const isMeant = (token: KnownToken): boolean =>
      (token.kind === 'agent') === (kind === 'agent') && token.whose === name;
    const tokens = model.tokens.filter((token) => isMeant(token) && !token.revoked);
    const codes = model.codes.filter(
      (code) =>
        (code.kind === 'enrolment') === (kind === 'agent') &&
        code.whose === name &&
        code.uses > 0 &&
        code.expires > clock.now(),
    );
    assert.deepEqual(store.lockOut(kind, name, BY), {
      tokens: tokens.length,
      codes: codes.length,
      password: false,
    });
    for (const token of tokens) token.revoked = true;
    for (const code of codes) code.uses = 0;
  };
}

function stepRevoke(index: number): Step {
  return ({ model }, { store }) => {
    const token = model.tokens[index % Math.max(1, model.tokens.length)];
    assert.equal(store.tokens.revoke(token?.id ?? 'nothing', BY), token?.revoked === false);
    if (token !== undefined) token.revoked = true;
  };
}

function stepCode(whose: string | undefined, uses: number, minutes: number): Step {
  return ({ model, clock }, { store }) => {
    const made = must(store.codes.createEnrolment({ agent: whose, uses, lastsMs: minutes * MINUTE_MS }, BY));
    const expires = clock.now() + minutes * MINUTE_MS;
    model.codes.push({ id: made.id, secret: made.code, kind: 'enrolment', whose, uses, expires });
  };
}

/** By a code that is known, also one that is over, or is for something else. */
function stepEnrol(index: number, other: string | undefined): Step {
  return ({ model, clock }, access) => {
    const code = model.codes[index % Math.max(1, model.codes.length)];
    const name = other ?? code?.whose ?? AGENTS[0];
    const isRight =
      code?.kind === 'enrolment' &&
      code.uses > 0 &&
      code.expires > clock.now() &&
      (code.whose === undefined ? !model.agents.has(name) : code.whose === name);
    // As a person would type it.
    const typed = (code?.secret ?? 'nonsense').toUpperCase().replaceAll('-', ' ');
    const made = access.enrol({ code: typed, agent: name, address: '192.0.2.1', hasRecords: false });
    assert.equal(made.ok, isRight);
    if (!made.ok || code === undefined) return;
    code.uses--;
    model.agents.add(name);
    const { id, token: secret } = made.value;
    model.tokens.push({ id, secret, kind: 'agent', whose: name, expires: null, revoked: false });
  };
}

function stepLink(name: string): Step {
  return ({ model, clock }, { store }) => {
    const made = store.codes.createLink(name, BY);
    assert.equal(made.ok, model.users.has(name));
    if (!made.ok) return;
    const expires = clock.now() + 5 * MINUTE_MS;
    model.codes.push({
      id: made.value.id,
      secret: made.value.code,
      kind: 'link',
      whose: name,
      uses: 1,
      expires,
    });
  };
}

function stepFollowLink(index: number): Step {
  return ({ model, clock }, access) => {
    const code = model.codes[index % Math.max(1, model.codes.length)];
    const isRight = code?.kind === 'link' && code.uses > 0 && code.expires > clock.now();
    const session = access.login.byLink(code?.secret ?? '', '192.0.2.1');
    assert.equal(session.ok, isRight);
    if (!session.ok || code?.whose === undefined) return;
    code.uses--;
    const { token: secret, expires } = session.value;
    const id = access.store.tokens.find(secret)?.id ?? '';
    model.tokens.push({ id, secret, kind: 'session', whose: code.whose, expires, revoked: false });
  };
}

export const step: fc.Arbitrary<readonly [name: string, step: Step | 'reopen' | number]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(agent, lasts)
      .map(([whose, m]) => [`token of ${whose} for ${m} min`, stepCreateAgent(whose, m)] as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(user, lasts)
      .map(([whose, m]) => [`token of ${whose} for ${m} min`, stepCreateUser(whose, m)] as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(user, fc.constantFrom('view', 'operate', 'admin'), fc.option(fc.array(agent, { maxLength: 3 })))
      .map(
        ([name, role, agents]) =>
          [`${name} is ${role} of ${agents?.join()}`, stepRights(name, role, agents)] as const,
      ),
  },
  { weight: 1, arbitrary: user.map((name) => [`${name} is removed`, stepRemoveUser(name)] as const) },
  {
    weight: 1,
    arbitrary: agent.map((name) => [`agent ${name} is locked out`, stepLockOut('agent', name)] as const),
  },
  {
    weight: 1,
    arbitrary: user.map((name) => [`user ${name} is locked out`, stepLockOut('user', name)] as const),
  },
  {
    weight: 3,
    arbitrary: fc.nat(12).map((index) => [`token ${index} is revoked`, stepRevoke(index)] as const),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.option(agent, { nil: undefined }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 60 }),
      )
      .map(
        ([whose, uses, m]) =>
          [`code for ${whose}, ${uses} times, ${m} min`, stepCode(whose, uses, m)] as const,
      ),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.nat(12), fc.option(agent, { nil: undefined }))
      .map(
        ([index, name]) =>
          [`${name ?? 'whoever it is for'} comes by code ${index}`, stepEnrol(index, name)] as const,
      ),
  },
  { weight: 1, arbitrary: user.map((name) => [`link for ${name}`, stepLink(name)] as const) },
  {
    weight: 2,
    arbitrary: fc.nat(12).map((index) => [`code ${index} is followed`, stepFollowLink(index)] as const),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 40 }).map((minutes) => [`${minutes} min`, minutes] as const),
  },
  { weight: 1, arbitrary: fc.constant(['reopen', 'reopen'] as const) },
);
