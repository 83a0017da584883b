import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { shellArgv } from '../shell-line.ts';
import { readDotenv } from './dotenv.ts';
import { importProcfile, type ProcfileOptions } from './import-procfile.ts';

function importText(t: TestContext, text: string, more: Partial<ProcfileOptions> = {}, dotenv?: string) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'Procfile'), text);
  if (dotenv !== undefined) writeFileSync(join(folder, '.env'), dotenv);
  return importProcfile({ file: join(folder, 'Procfile'), folder, ...more });
}

test('every mistake comes at once, with its place', (t) => {
  const text = 'web: node web.js\r\nno colon\nempty:\nweb: twice\nbad name: x\n\n# fine\nworker: y\n';
  const { draft, diagnostics } = importText(t, text, {
    formation: 'wroker=2,web=many,worker=999',
    port: 65_500,
  });
  assert.equal(draft, undefined);
  assert.deepEqual(
    diagnostics.map(({ line, column, message }) => `${line}:${column} ${message.replaceAll(/\/\S*\//g, '')}`),
    [
      '2:1 cannot read this line: write NAME: COMMAND',
      '3:1 cannot read this line: write NAME: COMMAND',
      '4:1 cannot run web twice: a name is there once',
      '5:1 cannot read this line: write NAME: COMMAND',
      '1:1 cannot find wroker of the formation in Procfile, did you mean "worker"?',
      '1:1 cannot use "web=many" of the formation: write NAME=COUNT, at most 256',
      '1:1 cannot use "worker=999" of the formation: write NAME=COUNT, at most 256',
    ],
  );
  const high = importText(t, 'a: x\nb: y\n', { port: 65_500 });
  assert.match(high.diagnostics[0]?.message ?? '', /cannot give b the port 65600: ports end at 65535/);
  assert.match(importText(t, '# nothing\n').diagnostics[0]?.message ?? '', /it has no NAME: COMMAND/);
});

test('ports are those of foreman: 100 for each line, 1 for each process, from --port, PORT or 5000', (t) => {
  const portsOf = (more: Partial<ProcfileOptions>, dotenv?: string) =>
    importText(t, 'a: x\nb: y\nrelease: z\nc: z\n', more, dotenv).draft?.services.map(
      ({ name, keys }) => `${name} ${keys.env?.['PORT']}`,
    );
  assert.deepEqual(portsOf({}), ['a 5000', 'b 5100', 'c 5300']);
  assert.deepEqual(portsOf({}, 'PORT=3000\n'), ['a 3000', 'b 3100', 'c 3300']);
  assert.deepEqual(portsOf({ port: 80 }, 'PORT=3000\n'), ['a 80', 'b 180', 'c 380']);
  assert.deepEqual(portsOf({ formation: 'b=2,release=1' }), ['b-1 5100', 'b-2 5101', 'release 5200']);
  assert.deepEqual(portsOf({ formation: 'all=0,c=1' }), ['c 5300']);
});

test('an environment file that is named has to be there', (t) => {
  const { diagnostics } = importText(t, 'a: x\n', { environment: join(tempFolder(t), 'none.env') });
  assert.match(diagnostics[0]?.message ?? '', /cannot import .*none\.env: no such file/);
});

test('a line is an argv where no shell is needed, and otherwise one command replaces its shell', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['node web.js --port 80', ['node', 'web.js', '--port', '80']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    ['exec node web.js', ['node', 'web.js']],
    ['node -p $PORT', ['sh', '-c', 'exec node -p $PORT']],
    ['A=1 B="2 3" node x', ['sh', '-c', 'exec env A=1 B="2 3" node x']],
    ['node *.js > log 2>&1', ['sh', '-c', 'exec node *.js > log 2>&1']],
    ['a && b', ['sh', '-c', 'a && b']],
    ['a | b', ['sh', '-c', 'a | b']],
    ['cd x', ['sh', '-c', 'cd x']],
    ['. ./env', ['sh', '-c', '. ./env']],
    ['if a; then b; fi', ['sh', '-c', 'if a; then b; fi']],
    ['exec -a x y', ['sh', '-c', 'exec -a x y']],
    ['A=`x` y', ['sh', '-c', 'A=`x` y']],
  ];
  for (const [line, argv] of cases) assert.deepEqual(shellArgv(line), argv, line);
});

test('an environment file is read as foreman reads it', () => {
  const text = `A=1\r\n#B=2\nC='x "y"'\nD="a\\nb\\"c\\\\"\nE=a=b # not a comment\nexport F=g\n H=no\nI=\n`;
  assert.deepEqual(readDotenv(text), {
    A: '1',
    C: 'x "y"',
    D: 'a\nb"c\\',
    E: 'a=b # not a comment',
    F: 'g',
    I: '',
  });
});
