import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Diagnostic } from '../../src/core/diagnostics.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { vahti } from '../rig/vahti.ts';

/** One mistake of every kind; `<i>` marks the place of number i, and is taken out. */
const MARKED = `
<0>stat: .vahti
defaults: { stop: <1>soon }
services:
  <2>Bad Name:
    run: "true"
  <3>both:
    run: "true"
    collect: { from: wss://relay.example/x, into: data }
  <4>none:
    stop: 5s
  lone:
    <5>restrat: { fast: 2 }
    run: "true"
  far:
    collect: <6>{ into: elsewhere }
  who:
    run: "true"
    user: <7>nobody-at-all
  where:
    run: "true"
    cwd: <8>not/there
  two:
    collect: { from: wss://relay.example/x, into: <9>./data }
  twice:
    run: "true"
    stop: 5s
    <10>stop: 6s
  quoted:
    run: <11>"sh -c 'oops"
  http:
    collect: { from: <12>ftp://relay.example/, into: web }
  envs:
    run: "true"
    env: { <13>1BAD: x, <14>VAHTI_LIFE: y }
`.trimStart();

const SAYS: readonly RegExp[] = [
  /cannot use the key "stat", did you mean "state"\?/,
  /cannot read "?soon"? as a duration: .*write a duration such as .*\(defaults\.stop\)/,
  /cannot name a service "Bad Name": use small letters/,
  /cannot tell what "both" is: write exactly one of run, collect, pipeline, unit; it has run and collect/,
  /cannot tell what "none" is: .* it has none of them/,
  /cannot use the key "restrat" in services\.lone, did you mean "restart"\?/,
  /cannot do without "from" in services\.far\.collect/,
  /cannot run as "nobody-at-all": no such user here/,
  /cannot run where in .*\/not\/there: no such folder/,
  /cannot collect into .*\/data twice: both does so already/,
  /cannot set "stop" twice in one map/,
  /cannot split "sh -c 'oops" into words/,
  /cannot collect from ftp:\/\/relay\.example\/: write an address that begins with ws/,
  /cannot use "1BAD" as the name of an environment variable/,
  /cannot set VAHTI_LIFE/,
];

/** The text without its marks, and where they were: `3:7`. */
function unmark(marked: string): { readonly text: string; readonly places: readonly string[] } {
  const places: string[] = [];
  const lines = marked.split('\n').map((line, index) => {
    for (let left = line; ; ) {
      const mark = /<(\d+)>/.exec(left);
      if (mark === null) return left;
      places[Number(mark[1])] = `${index + 1}:${mark.index + 1}`;
      left = left.replace(mark[0], '');
    }
  });
  return { text: lines.join('\n'), places };
}

test('check shows every mistake at once: place, source line, what was probably meant; nothing is started', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const { text, places } = unmark(MARKED);
  writeFileSync(join(folder, 'vahti.yaml'), text);
  const [check, up] = await Promise.all([
    vahti(t, ['check'], folder),
    vahti(t, ['up', '--view', 'json'], folder),
  ]);
  assert.equal(check.code, 2);
  assert.equal(check.stdout, '');
  const errors = [
    ...check.stderr.matchAll(/^vahti\.yaml:(\d+:\d+): error: (.*)\n *(\d+) \| (.*)\n *\| ( *)\^$/gm),
  ];
  const found = new Map(errors.map(([, place, message]) => [place, message ?? '']));
  for (const [index, place] of places.entries())
    assert.match(found.get(place) ?? '', SAYS[index] as RegExp, place);
  assert.equal(found.size, SAYS.length, check.stderr);
  for (const [, place = '', , line, source, before] of errors) {
    assert.equal(`${line}:${(before ?? '').length + 1}`, place, 'the caret stands under the place');
    assert.equal(source, text.split('\n')[Number(line) - 1]);
  }
  assert.match(check.stderr, new RegExp(`cannot use vahti\\.yaml: ${SAYS.length} errors\n$`));
  assert.deepEqual(
    [up.code, up.stdout, up.stderr],
    [2, '', check.stderr],
    'up says the same, and goes no further',
  );
  assert.deepEqual(readdirSync(folder), ['vahti.yaml']);
});

test('check --json gives the same mistakes to programs', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const { text, places } = unmark(MARKED);
  writeFileSync(join(folder, 'bad.yaml'), text);
  writeFileSync(join(folder, 'good.yaml'), 'services: { a: { run: [no-such-program] } }\n');
  const [bad, good] = await Promise.all([
    vahti(t, ['check', '--json', '-c', 'bad.yaml'], folder),
    vahti(t, ['check', '--json', '-c', 'good.yaml'], folder),
  ]);
  assert.deepEqual([bad.code, bad.stderr], [2, '']);
  const answer = JSON.parse(bad.stdout) as { ok: boolean; file: string; diagnostics: Diagnostic[] };
  assert.deepEqual([answer.ok, answer.file], [false, 'bad.yaml']);
  const found = answer.diagnostics.map(({ severity, line, column }) => `${severity} ${line}:${column}`);
  assert.deepEqual(found.sort(), places.map((place) => `error ${place}`).sort());
  const fine = JSON.parse(good.stdout) as { ok: boolean; diagnostics: Diagnostic[] };
  assert.deepEqual(
    [good.code, fine.ok, fine.diagnostics.map((each) => each.severity)],
    [0, true, ['warning']],
  );
});

test('a file that is no YAML, or not there, is told with its place', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const files = {
    'tab.yaml': [
      'services:\n  a:\n\trun: x\n',
      /^tab\.yaml:3:1: error: cannot read this as YAML: tabs are not allowed/m,
    ],
    'open.yaml': [
      'services:\n  a:\n    run: [x\n  b: { run: y }\n',
      /^open\.yaml:\d+:\d+: error: cannot read this as YAML/m,
    ],
    'list.yaml': ['- a\n', /^list\.yaml:1:1: error: cannot use a list for the file/m],
    'merge.yaml': [
      'services:\n  a: &a { run: "true" }\n  b: { <<: *a }\n',
      /^merge\.yaml:3:8: error: cannot merge maps with <<.*\n.*\n.*\n +hint: write the keys out$/m,
    ],
    'none.yaml': [
      undefined,
      /^none\.yaml:1:1: error: cannot read the config: no such file; `vahti init` writes one$/m,
    ],
  } as const;
  for (const [name, [text]] of Object.entries(files))
    if (text !== undefined) writeFileSync(join(folder, name), text);
  await Promise.all(
    Object.entries(files).map(async ([name, [, says]]) => {
      const { code, stdout, stderr } = await vahti(t, ['check', '-c', name], folder);
      assert.deepEqual([code, stdout], [2, ''], name);
      assert.match(stderr, says);
    }),
  );
});

test('oddities are warnings: the config can be used all the same', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    'services:\n  a:\n    run: [no-such-program]\n    env: { A: $NOT_SET_ANYWHERE, B: "file:nowhere" }\n',
  );
  const { code, stdout, stderr } = await vahti(t, ['check'], folder);
  assert.deepEqual([code, stdout], [0, 'vahti.yaml is fine: 1 service\n']);
  assert.match(stderr, /^vahti\.yaml:3:10: warning: cannot find the program "no-such-program" here$/m);
  assert.match(stderr, /^vahti\.yaml:4:15: warning: \$NOT_SET_ANYWHERE is not set here/m);
  assert.match(stderr, /^vahti\.yaml:4:37: warning: nowhere is not there/m);
  assert.doesNotMatch(stderr, /error/);
});

const PLANNED = `defaults:
  stop: 7s
  restart: { backoff: 2s..3m }
services:
  clock:
    run: date +%s
    stop: 9s
    env: { PLAIN: s3cr3t-plain, ODD: "$s3cr3t!odd", REF: $SECRET_NAME, FILE: "file:secret.txt" }
  other:
    run: [sleep, "5"]
    cwd: sub
    restart: { no-restart-on: [78] }
`;

test('plan tells of every value where it comes from, and of no variable what it is', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'vahti.yaml'), PLANNED);
  writeFileSync(join(folder, 'secret.txt'), 's3cr3t-file\n');
  const env = { SECRET_NAME: 's3cr3t-env' };
  const [plan, json] = await Promise.all([
    vahti(t, ['plan'], folder, env),
    vahti(t, ['plan', '--json'], folder, env),
  ]);
  assert.deepEqual([plan.code, plan.stderr, json.code, json.stderr], [0, '', 0, '']);
  const [head = '', clock = '', other = '', changes = ''] = plan.stdout.split('\n\n');
  assert.match(head, new RegExp(`^state +${folder}/\\.vahti +# built in$`, 'm'));
  assert.match(clock, /^clock \(command\)\n +run +date \+%s$/m);
  assert.match(clock, /^ +stop +9s +# line 7$/m);
  assert.match(clock, /^ +backoff +2s\.\.3m +# defaults, line 3$/m);
  assert.match(clock, /^ +fast +3 +# built in$/m);
  assert.match(
    clock,
    /^ +env +PLAIN=…\n +env +ODD=…\n +env +REF=\$SECRET_NAME\n +env +FILE=file:secret\.txt$/m,
  );
  assert.match(other, /^ +stop +7s +# defaults, line 2$/m);
  assert.match(other, new RegExp(`^ +cwd +${folder}/sub +# line 11$`, 'm'));
  assert.match(other, /^ +no restart +on 78 +# line 12$/m);
  assert.match(changes, /^A reload: /);
  assert.doesNotMatch(plan.stdout + json.stdout, /s3cr3t/);
  const parsed = JSON.parse(json.stdout) as {
    plan: { services: { name: string }[] };
    origins: Record<string, unknown>;
    changes: unknown;
  };
  assert.deepEqual(
    parsed.plan.services.map((service) => service.name),
    ['clock', 'other'],
  );
  assert.deepEqual(parsed.origins['services.clock.stop'], { from: 'config', line: 7 });
  assert.equal(parsed.changes, null);
  assert.equal(existsSync(join(folder, '.vahti')), false, 'a look changes nothing');
});
