import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import type { Drafted } from '../draft.ts';
import { importSupervisord } from './import-supervisord.ts';

function importText(t: TestContext, text: string, inherited: NodeJS.ProcessEnv = {}): Drafted {
  const folder = tempFolder(t);
  const file = join(folder, 'supervisord.conf');
  writeFileSync(file, text);
  return importSupervisord({ file, folder, inherited });
}

function serviceOf(drafted: Drafted) {
  assert.deepEqual(drafted.diagnostics, []);
  const [service] = drafted.draft?.services ?? [];
  assert.ok(service);
  return service;
}

/** One mistake of every kind; `<i>` marks the place of number i, and is taken out. */
const MARKED = `<0>stray=1
[supervisord]
environment=<1>A
[program:a]
command=<2>cat 'never closed
numprocs=<3>many
<4>no delimiter here
autostart=<5>perhaps
stopwaitsecs=<6>soon
stopsignal=<7>SIGNOT
exitcodes=<8>0,256
directory=<9>/srv/%(programname)s
stdout_logfile_maxbytes=<10>10 elephants
umask=<11>9
environment=<12>PASSWORD="hush,B=x
<13>[program:b]
user=root
[program:c]
command=cat
process_name=<14>c
numprocs=2
[program:d]
command=<15>run --at 5% --now
autorestart=<16>sometimes
directory=<17>%(ENV_NOWHERE)s
[group:all]
programs=a,<18>e
`;

const SAYS: readonly RegExp[] = [
  /cannot read what stands before the first \[section\]/,
  /cannot use environment of \[supervisord\]: pair 1 is no NAME="value"/,
  /cannot use command of \[program:a\]: cannot split it into words: the ' at character 5 is never closed/,
  /cannot use numprocs of \[program:a\]: "many" is not a whole number/,
  /cannot read this line: write NAME=VALUE/,
  /autostart of \[program:a\]: "perhaps" is not true or false/,
  /stopwaitsecs of \[program:a\]: "soon" is not a whole number/,
  /stopsignal of \[program:a\]: "SIGNOT" is not a signal/,
  /exitcodes of \[program:a\]: "0,256" is no list of exit codes from 0 to 255/,
  /directory of \[program:a\]: there is no %\(programname\)s, did you mean "program_name"\?/,
  /stdout_logfile_maxbytes of \[program:a\]: "10 elephants" is not a size/,
  /umask of \[program:a\]: "9" is not an octal number/,
  /environment of \[program:a\]: the " at character 10 is never closed/,
  /cannot use command of \[program:b\]: there is none/,
  /process_name of \[program:c\]: process_name needs %\(process_num\)/,
  /command of \[program:d\]: a single % at character 11: write %%/,
  /autorestart of \[program:d\]: "sometimes" is not true, false or unexpected/,
  /directory of \[program:d\]: %\(ENV_NOWHERE\)s: NOWHERE is not set here/,
  /programs of \[group:all\]: there is no \[program:e\]/,
];

test('every mistake comes at once, with its place, and without what may be a secret', (t) => {
  const places: string[] = [];
  const text = MARKED.split('\n')
    .map((line, index) => {
      const [, mark] = /<(\d+)>/.exec(line) ?? [];
      // A mistake is shown at the beginning of its value.
      if (mark !== undefined)
        places[Number(mark)] =
          `${index + 1}:${Math.min(line.indexOf('<'), line.indexOf('=') < 0 ? 0 : line.indexOf('=') + 1) + 1}`;
      return line.replace(/<\d+>/, '');
    })
    .join('\n');
  const { draft, diagnostics } = importText(t, text);
  assert.equal(draft, undefined);
  const found = diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  for (const [index, says] of SAYS.entries()) {
    const there = found.filter((each) => says.test(each));
    assert.deepEqual(
      [there.length, there[0]?.split(' ')[0]],
      [1, places[index]],
      `${index} ${says} in\n${found.join('\n')}`,
    );
  }
  assert.equal(found.length, SAYS.length, found.join('\n'));
  assert.doesNotMatch(found.join('\n'), /hush/);
});

test('what a command takes from supervisord’s environment it takes from the daemon’s when it starts', (t) => {
  const drafted = importText(
    t,
    '[supervisord]\nenvironment=IN="side it"\n[program:a]\ncommand=serve "%(ENV_IN)s" --key=%(ENV_OUT)s-x %(ENV_MANY)s "it\'s"\n',
    { OUT: 'made-up', MANY: '-a -b' },
  );
  const { keys, notes } = serviceOf(drafted);
  const line = `exec serve 'side it' --key="\${OUT:?}"-x \${MANY:?} 'it'\\''s'`;
  assert.deepEqual(keys.run, ['sh', '-c', line]);
  assert.ok(notes.some((note) => note.includes('OUT, MANY from the daemon’s environment')));
});

test('a variable that only hands another one on needs no value here', (t) => {
  const text = '[program:a]\ncommand=x\nenvironment=TOKEN="%(ENV_SHOP_TOKEN)s",PLAIN="%(ENV_OTHER)s"\n';
  assert.deepEqual(serviceOf(importText(t, text)).keys.env, { TOKEN: '$SHOP_TOKEN', PLAIN: '$OTHER' });
});

test('a part of a value that comes from the environment needs one, and becomes a secret where the whole looks like one', (t) => {
  const text = '[program:a]\ncommand=x\nenvironment=DB="pg://u:%(ENV_PW)s@db/x",DIR="%(ENV_BASE)s/x"\n';
  const { env } = serviceOf(importText(t, text, { PW: 'made-up', BASE: '/srv' })).keys;
  assert.deepEqual(env, { DB: '$DB', DIR: '/srv/x' });
  const { diagnostics } = importText(t, text);
  assert.deepEqual(
    diagnostics.map(({ message }) => /needs \w+/.exec(message)?.[0]),
    ['needs PW', 'needs BASE'],
  );
});

test('included files are read in order, below the folder of the main file, and know their own place', (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'conf.d'));
  const file = join(folder, 'supervisord.conf');
  writeFileSync(file, '[include]\nfiles = conf.d/*.conf\n  other.ini\n[program:a]\ncommand=one\n');
  writeFileSync(join(folder, 'conf.d/2.conf'), '[program:a]\nuser=root\n[program:b]\ncommand=two %(here)s\n');
  writeFileSync(join(folder, 'conf.d/1.conf'), '[program:a]\ncommand=three\nuser=daemon\n');
  const { draft, diagnostics } = importSupervisord({ file, folder, inherited: {} });
  assert.deepEqual(diagnostics, []);
  const { services = [], notes = [] } = draft ?? {};
  assert.deepEqual(
    services.map(({ name, keys: { run, user } }) => [name, run, user]),
    [
      ['a', ['three'], 'root'],
      ['b', ['two', join(folder, 'conf.d')], undefined],
    ],
  );
  assert.ok(notes.includes('no file matches other.ini of [include]'));
});

test('a file that is not there, a folder, and no program at all are refused', (t) => {
  const folder = tempFolder(t);
  const messageOf = (file: string): string | undefined =>
    importSupervisord({ file, folder, inherited: {} }).diagnostics[0]?.message;
  assert.match(messageOf(join(folder, 'nothing.conf')) ?? '', /cannot import .*nothing\.conf: no such file/);
  assert.match(messageOf(folder) ?? '', /cannot import .*: it is no file/);
  assert.match(importText(t, '[supervisord]\n').diagnostics[0]?.message ?? '', /it has no \[program:NAME\]/);
});

test('a system’s own supervisord runs its programs in /, another one where its file is', (t) => {
  assert.equal(serviceOf(importText(t, '[program:a]\ncommand=x\n')).keys.cwd, undefined);
  assert.equal(serviceOf(importText(t, '[program:a]\ncommand=x\ndirectory=/srv/x\n')).keys.cwd, '/srv/x');
});
