import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { filesWith, must } from '../rig/hub-access.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { type Ran, vahti } from '../rig/vahti.ts';
import { statePaths } from '../../src/app/state.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { type Access, createAccess } from '../../src/hub/access/access.ts';
import { openAccessStore } from '../../src/hub/access/store.ts';

interface Machine {
  /** That of the hub, which runs in this process. */
  readonly access: Access;
  readonly hub: string;
  /** `vahti token ARGS` */
  token(...args: string[]): Promise<Ran>;
}

function machine(t: TestContext): Machine {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), 'services: { a: { run: [sleep, "100"] } }\n');
  const { hub } = statePaths(join(folder, '.vahti'));
  const access = createAccess({
    store: must(openAccessStore(hub, { clock: systemClock })),
    clock: systemClock,
    log: silentLog,
  });
  onEnd(t, () => access.close());
  return { access, hub, token: (...args) => vahti(t, ['token', ...args], folder) };
}

const lineOf = ({ stdout }: Ran): string => {
  assert.match(stdout, /^[^\n]+\n$/);
  return stdout.trim();
};

test('what vahti token makes lets in, what it revokes does not, while the hub runs', async (t) => {
  const { access, hub, token } = machine(t);
  const [agent, user] = await Promise.all([
    token('create', 'agent', 'alpha', '--label', 'the first', '--expires', '90d'),
    token('create', 'user', 'ada', '--role', 'operate', '--agents', 'alpha,beta', '--json'),
  ]);
  const alpha = lineOf(agent);
  assert.match(alpha, /^vahti_a_[0-9a-z]{52}$/);
  assert.match(
    agent.stderr,
    /^agent alpha: token [0-9a-z]{10}, until \d{4}-\d\d-\d\d \d\d:\d\d \(.+\); it is shown only now\n$/,
  );
  assert.deepEqual(must(access.tokens.check(alpha)), { kind: 'agent', name: 'alpha' });
  const made = JSON.parse(user.stdout) as { readonly id: string; readonly token: string };
  assert.deepEqual(must(access.tokens.check(made.token)), {
    kind: 'user',
    name: 'ada',
    role: 'operate',
    agents: ['alpha', 'beta'],
  });

  const [code, link, listed] = await Promise.all([
    token('enroll', '--agent', 'beta'),
    token('link', 'ada'),
    token('list', '--json'),
  ]);
  must(access.enrol({ code: lineOf(code), agent: 'beta', address: '192.0.2.1', hasRecords: false }));
  const [, secret = ''] = /^\/login\?code=(\S+)$/.exec(lineOf(link)) ?? [];
  const session = must(access.login.byLink(secret, '192.0.2.1'));
  const list = JSON.parse(listed.stdout) as {
    readonly tokens: readonly { readonly name: string; readonly label: string }[];
  };
  assert.deepEqual(list.tokens.map(({ name, label }) => `${name} ${label}`).toSorted(), [
    'ada ',
    'alpha the first',
  ]);

  const [one, all] = await Promise.all([token('revoke', made.id), token('revoke', 'agent/alpha')]);
  assert.equal(one.stdout, `token ${made.id} of user ada is revoked\n`);
  assert.equal(all.stdout, 'agent alpha: 1 token revoked\n');
  assert.deepEqual(access.tokens.check(made.token), { ok: false, error: 'the token was revoked' });
  assert.deepEqual(access.tokens.check(alpha), { ok: false, error: 'the token was revoked' });
  assert.equal(access.tokens.holds(session.token, session.principal), true);
  const [shown, audit] = await Promise.all([token('list', '--all'), token('audit')]);
  assert.match(shown.stdout, /agent alpha .* revoked +the first\n/);
  assert.match(audit.stdout, / \(vahti token\) +- +agent alpha +locked out: 1 token revoked\n/);
  assert.match(audit.stdout, / agent beta +192\.0\.2\.1 +agent beta +enrolled by code /);
  const secrets = [alpha, made.token, lineOf(code), secret, session.token];
  assert.deepEqual(filesWith(hub, secrets), []);
  assert.deepEqual(
    secrets.filter((each) => `${shown.stdout}${audit.stdout}${listed.stdout}`.includes(each)),
    [],
  );
});

test('what cannot be is told in a line, and nothing is changed', async (t) => {
  const { access, token } = machine(t);
  const by = { who: 'the test', address: '' };
  must(access.store.users.create('alpha', { agents: null }, by));
  must(access.store.tokens.create({ kind: 'agent', whose: 'alpha', label: '' }, by));
  const cases: readonly (readonly [args: string[], code: number, expected: string])[] = [
    [['create', 'user', 'ada'], 2, 'cannot make the user ada: say what it sees, --agents a,b or --all\n'],
    [['revoke', 'alpha'], 2, 'cannot tell what alpha is: write agent/alpha or user/alpha\n'],
    [['revoke', 'alphq'], 4, 'cannot find a token, agent or user "alphq", did you mean "alpha"?\n'],
    [['password', 'alpha'], 1, 'cannot use a password of 0 characters: write 10 or more\n'],
    [['link'], 4, 'cannot find a user "admin" (there are alpha)\n'],
  ];
  // Two at once, as this machine may have two cores.
  for (let index = 0; index < cases.length; index += 2)
    await Promise.all(
      cases.slice(index, index + 2).map(async ([args, code, expected]) => {
        const ran = await token(...args);
        assert.deepEqual([ran.code, ran.stdout, ran.stderr], [code, '', expected], args.join(' '));
      }),
    );
  assert.equal(access.store.users.get('ada'), undefined);
  assert.equal(access.store.audit.list(10).length, 2);
});
