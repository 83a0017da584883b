import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { leakCheck, tempFolder } from '../../../../test/rig/leaks.ts';
import type { Drafted } from '../draft.ts';
import { splitAsPm2 } from './fields.ts';
import { importPm2, type Pm2Options } from './import-pm2.ts';

interface More {
  readonly environment?: string;
  readonly deadlineMs?: number;
  readonly pass?: readonly string[];
}

const INHERITED = { PATH: process.env['PATH'], HOME: '/home/somebody', HIDDEN: 'made-up', SHOWN: 'seen' };

function importText(t: TestContext, name: string, text: string, more: More = {}): Promise<Drafted> {
  const folder = tempFolder(t);
  const file = join(folder, name);
  writeFileSync(file, text);
  const { deadlineMs = 20_000, pass = [], ...rest } = more;
  const evaluate = { clock: systemClock, deadlineMs, inherited: INHERITED, pass };
  return importPm2({ file, folder, processors: 4, evaluate, ...rest } satisfies Pm2Options);
}

async function servicesOf(t: TestContext, apps: unknown, more?: More) {
  const { draft, diagnostics } = await importText(t, 'process.json', JSON.stringify({ apps }), more);
  assert.deepEqual(diagnostics, []);
  return draft?.services ?? [];
}

test('every mistake of a YAML file comes at once, with its place', async (t) => {
  const text = `apps:
  - name: a
    args: x
  - script: b.js
    instances: several
    max_memory_restart: 300 apples
    kill_timeout: -1
    stop_exit_codes: [0, 300]
    env: TOKEN=hush
    env_production: [1]
    autorestart: perhaps
  - just words
  - script: [c.js]
    exec_mode: { a: 1 }
    watch: [{ a: 1 }]
`;
  const { draft, diagnostics } = await importText(t, 'process.yaml', text, { environment: 'production' });
  assert.equal(draft, undefined);
  const found = diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`).sort();
  assert.deepEqual(
    found,
    [
      '10:5 cannot use env_production of apps[1]: it takes names and values',
      '11:5 cannot use autorestart of apps[1]: "perhaps" is not true or false',
      '12:5 cannot read apps[2]: an app is keys and values',
      '13:5 cannot use script of apps[3]: a list is not text',
      '14:5 cannot use exec_mode of apps[3]: an object is not text',
      '15:5 cannot use watch of apps[3]: a list is not a list of words',
      '2:5 cannot use script of apps[0] (a): it names no script',
      '5:5 cannot use instances of apps[1]: "several" is not a number',
      '6:5 cannot use max_memory_restart of apps[1]: "300 apples" is not a size: bytes, or 100K, 300M, 1G',
      '7:5 cannot use kill_timeout of apps[1]: -1 is below 0',
      '8:5 cannot use stop_exit_codes of apps[1]: 300 is no exit code from 0 to 255',
      '9:5 cannot use env of apps[1]: it takes names and values',
    ].sort(),
  );
});

test('JSON may have the comments of JavaScript, but not inside of its texts', async (t) => {
  const text =
    '{ // one app\n  "apps": [ { "script": "a.js", /* its */ "env": { "URL": "http://h//x /* y */" } } ]\n}\n';
  const { draft, diagnostics } = await importText(t, 'process.json', text);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(draft?.services[0]?.keys.env, { URL: 'http://h//x /* y */' });
  const broken = await importText(t, 'process.json', '{\n  "apps": [ // one\n    { "script": "a.js" \n  \n}');
  assert.equal(broken.draft, undefined);
  assert.ok(
    broken.diagnostics.every(({ message, line }) => message.startsWith('cannot read this') && line > 1),
  );
});

test('a file that is a program is evaluated: CommonJS, a module, a function, a promise', async (t) => {
  leakCheck(t);
  const files = [
    ['a.config.cjs', 'module.exports = { apps: [{ script: "a.js" }] }'],
    ['b.config.mjs', 'export default { apps: [{ script: "a.js" }] }'],
    ['c.config.mjs', 'export const apps = [{ script: "a.js" }]'],
    ['d.config.js', 'module.exports = () => ({ apps: { script: "a.js" } })'],
    ['e.config.js', 'export default Promise.resolve([{ script: "a.js" }]); setInterval(() => {}, 1000)'],
  ] as const;
  for (const [name, text] of files) {
    const { draft, diagnostics } = await importText(t, name, text);
    assert.deepEqual(diagnostics, [], name);
    assert.deepEqual(
      draft?.services.map(({ keys }) => keys.run),
      [['node', 'a.js']],
      name,
    );
  }
});

test('a program sees no variable but harmless ones and those that are passed', async (t) => {
  const text =
    'module.exports = { apps: [{ script: "a", args: Object.keys(process.env).sort(), env: { H: process.env.HIDDEN } }] }';
  const wordsOf = async (more: More): Promise<readonly string[]> => {
    const { draft } = await importText(t, 'x.config.cjs', text, more);
    const [service] = draft?.services ?? [];
    assert.ok(service);
    assert.ok(service.notes.some((note) => note.startsWith('H had no value when the file was evaluated')));
    return (service.keys.run ?? []).slice(1);
  };
  assert.deepEqual(await wordsOf({}), ['HOME', 'PATH', 'VAHTI_LIFE']);
  assert.deepEqual(await wordsOf({ pass: ['SHOWN', 'NOT_THERE'] }), ['HOME', 'PATH', 'SHOWN', 'VAHTI_LIFE']);
});

test('a program that throws, cannot be parsed, ends early, says too much or never ends is refused', async (t) => {
  leakCheck(t);
  const messageOf = async (text: string, deadlineMs?: number): Promise<string> => {
    const { draft, diagnostics } = await importText(
      t,
      'x.config.cjs',
      text,
      deadlineMs === undefined ? {} : { deadlineMs },
    );
    assert.equal(draft, undefined);
    const [{ line, column, message } = { line: 0, column: 0, message: '' }, ...others] = diagnostics;
    assert.deepEqual(others, []);
    return `${line}:${column} ${message.replace(/\/\S*\//, '')}`;
  };
  assert.equal(
    await messageOf('\n\n  throw new TypeError("no\\nway")'),
    '3:9 cannot evaluate x.config.cjs: TypeError: no',
  );
  assert.match(
    await messageOf('module.exports = {\n  apps: [ }\n'),
    /^2:1 cannot evaluate x\.config\.cjs: SyntaxError: /,
  );
  assert.match(await messageOf('process.exit(0)'), /it ended with exit code 0 and exported nothing/);
  assert.match(await messageOf('module.exports = { apps: [] }'), /it has 0 apps/);
  assert.match(await messageOf('module.exports = { apps: "x".repeat(5e6) }'), /cannot evaluate/);
  const stubborn =
    'process.on("SIGTERM", () => {}); require("child_process").spawn("sleep", ["1000"], { detached: true }); for (;;) {}';
  assert.match(await messageOf(stubborn, 700), /it does not end within 700 ms/);
});

test('what an app runs is what PM2 would start', async (t) => {
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{ script: 'a.js', args: '-v "x y"' }, ['node', 'a.js', '-v', 'x y']],
    [{ script: 'a.mjs', nodeArgs: '--inspect' }, ['node', '--inspect', 'a.mjs']],
    [{ script: './a.sh' }, ['bash', './a.sh']],
    [{ script: 'a.rb', interpreter: '/opt/ruby' }, ['/opt/ruby', 'a.rb']],
    [{ exec: 'a.php' }, ['php', 'a.php']],
    [{ script: 'java', args: ['-jar', 'x.jar', 1] }, ['java', '-jar', 'x.jar', '1']],
    [{ script: 'npm run start' }, ['npm', 'run', 'start']],
    [{ command: 'cd x && npm start' }, ['bash', '-c', 'cd x && npm start']],
    [{ script: 'a.js', interpreter: 'none' }, ['a.js']],
    [{ script: '/opt/x/a.js', cwd: '/opt' }, ['node', 'x/a.js']],
  ];
  for (const [app, run] of cases) {
    const [service] = await servicesOf(t, [app]);
    assert.deepEqual(service?.keys.run, run);
  }
});

test('instances become services, each with its own number', async (t) => {
  const runs = async (app: object) =>
    (await servicesOf(t, { script: 'a.js', name: 'a', ...app })).map(({ name, keys }) => [name, keys.env]);
  assert.deepEqual(await runs({ instances: 1, exec_mode: 'cluster' }), [['a', {}]]);
  assert.deepEqual(await runs({ instances: '2', instance_var: 'N' }), [
    ['a-1', { N: '0' }],
    ['a-2', { N: '1' }],
  ]);
  assert.equal((await runs({ instances: 'max' })).length, 4);
  assert.equal((await runs({ instances: -1 })).length, 3);
  assert.equal((await runs({ instances: -9 })).length, 1);
});

test('an environment that no app has is a mistake, and the others are named', async (t) => {
  const apps = [{ script: 'a.js', env_production: {}, env_staging: {} }];
  const text = JSON.stringify({ apps });
  const { diagnostics } = await importText(t, 'process.json', text, { environment: 'prod' });
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    ['cannot take the environment prod: there are production, staging'],
  );
});

test('args are split as PM2 splits them', () => {
  assert.deepEqual(splitAsPm2(' a  "b c" \'d\' --x="y z" e=\'f g\' "" h"i '), [
    'a',
    'b c',
    'd',
    '--x="y z"',
    "e='f g'",
    'h"i',
  ]);
});
