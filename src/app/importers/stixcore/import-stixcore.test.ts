import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import type { Drafted, Keys } from '../draft.ts';
import { finishImport } from '../import-config.ts';
import { importStixcore } from './import-stixcore.ts';
import { interpolated, readIni, type Sections } from './ini.ts';

const PATHS = '[Paths]\ntm_archive = /data/tm\nfits_archive = /data/fits\n';

function drafted(t: TestContext, ...texts: readonly string[]): Drafted {
  const folder = tempFolder(t);
  const files = texts.map((_, index) => join(folder, `${index}.ini`));
  for (const [index, file] of files.entries()) writeFileSync(file, texts[index] ?? '');
  return importStixcore({ files, folder });
}

function pipelineOf({ draft }: Drafted): Keys {
  return draft?.services[0]?.keys.pipeline ?? {};
}

function said(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('a later file wins key by key, and defaults are those of the code', async (t) => {
  const both = drafted(
    t,
    `${PATHS}[Pipeline]\nstatus_server_port = 1\nparallel_batchsize_L0 = 8\nparallel_batchsize_L2 = 7\n`,
    '[Pipeline]\nstatus_server_port: 2\n',
  );
  assert.deepEqual(both.diagnostics, []);
  const { status, products, steps } = pipelineOf(both) as {
    status: string;
    products: string;
    steps: Record<string, Keys>;
  };
  assert.deepEqual([status, products, steps['CAL']?.['batch']], ['127.0.0.1:2', '/data/fits', 7]);
  for (const [step, key] of [
    ['L0', '{type}/{range}{request}'],
    ['L1QL', '{product}/{range}{request}'],
    ['L1SCI', '{product}{request}'],
    ['L1', '{product}/{range}{request}'],
  ] as const)
    assert.deepEqual(
      [steps[step]?.['key'], steps[step]?.['overwrite'], steps[step]?.['batch']],
      [key, undefined, undefined],
      'another day’s file is never written over',
    );
  assert.equal((pipelineOf(drafted(t, PATHS)) as { status: string }).status, '127.0.0.1:12345');
  assert.equal(both.draft?.jobs?.length, 0, 'there is nowhere to publish to');
  const { text } = await finishImport(both, 'vahti import stixcore x.ini', { folder: tempFolder(t) });
  assert.match(text ?? '', /not taken over: publishing: target_dir of \[Publish\] is not set/);
});

test('everything that is wrong is told at once, with its place, and no value', (t) => {
  const { draft, diagnostics } = drafted(
    t,
    `${PATHS}[Logging]\nstop_on_error = maybe\n[Pipeline]\nstatus_server_port = %(prot)s\nprot = 5\nlog_level = %\n` +
      'error_mail_send = on\n[Publish]\ntarget_dir = /out\nwaiting_period = 14 moons\nbatch_size = many\ninclude_versions = V\nsame_esa_name_dir = conflicts\n',
  );
  assert.equal(draft, undefined);
  const found = said(diagnostics).join('\n');
  for (const expected of [
    'cannot use stop_on_error of [Logging]: write True or False',
    'cannot use error_mail_receivers of [Pipeline]: it names nobody, and error_mail_send is on',
    'cannot use waiting_period of [Publish]: write a quantity of time such as 14d or 1min',
    'cannot use batch_size of [Publish]: write a whole number',
    'cannot use include_versions of [Publish]: write numbers, latest or *',
    'cannot use same_esa_name_dir of [Publish]: it is relative to where STIXCore is started; say that with --cwd',
  ])
    assert.ok(found.includes(expected), `${expected} in\n${found}`);
  assert.match(found, /^5:17 cannot use stop_on_error/m);
  assert.doesNotMatch(found, /moons|maybe|many/);
  assert.equal(new Set(found.split('\n')).size, found.split('\n').length, 'each once');
});

test('an option that stands for nothing, what leads to itself, and lines that are none', (t) => {
  const wrong = drafted(t, `${PATHS}[Pipeline]\nstatus_server_port = %(porrt)s\nport = 5\n`);
  assert.match(said(wrong.diagnostics).join(), /there is no porrt in \[Pipeline\], did you mean "port"\?/);
  const loop = drafted(t, '[Paths]\ntm_archive = %(fits_archive)s\nfits_archive = %(tm_archive)s\n');
  assert.match(said(loop.diagnostics).join(), /does it lead back to itself/);
  const lines = drafted(t, 'early = 1\n[Paths]\nno delimiter\ntm_archive = /a\ntm_archive = /b\n[Paths]\n');
  assert.deepEqual(said(lines.diagnostics), [
    '1:1 cannot read what stands before the first [section]',
    '3:1 cannot read this line: write NAME = VALUE',
    '5:1 cannot read tm_archive twice in [Paths]',
    '6:1 cannot read [Paths] twice in one file',
  ]);
  const nested = drafted(t, '[Paths]\ntm_archive = /data/tm\nfits_archive = /data/tm/fits\n');
  assert.match(said(nested.diagnostics).join(), /lie in each other/);
  const none = drafted(t, '[Paths]\ntm_archive = /data/tm\n');
  assert.match(said(none.diagnostics).join(), /cannot use fits_archive of \[Paths\]: it is not set/);
});

test('a folder with a slash at its end is the same folder', (t) => {
  const slashes = drafted(
    t,
    '[Paths]\ntm_archive = /data/tm/\nfits_archive = /data//fits/\n[Publish]\ntarget_dir = /out/\nfits_dir = /data/fits\n',
  );
  assert.deepEqual(slashes.diagnostics, []);
  assert.equal(pipelineOf(slashes)['products'], '/data/fits');
  const { pipeline, levels } = slashes.draft?.jobs?.[0]?.keys ?? {};
  assert.deepEqual([pipeline, levels], ['stix', ['L0', 'L1*', 'ANC', 'LL03', 'CAL']]);
  const nested = drafted(t, '[Paths]\ntm_archive = /data/tm/\nfits_archive = /data/tm/fits/\n');
  assert.match(said(nested.diagnostics).join(), /lie in each other/);
});

test('what the parser of the config would refuse is told by its option', (t) => {
  const more = (text: string): string => said(drafted(t, `${PATHS}${text}`).diagnostics).join('\n');
  const publish = '[Publish]\ntarget_dir = /out\n';
  assert.match(
    more(`${publish}include_levels = L2, flare\n`),
    /cannot use include_levels of \[Publish\]: no step makes any of them: write some of LB, L0, L1/,
  );
  for (const receivers of ['', 'report_mail_receivers =\n'])
    assert.match(
      more(`${publish}report_mail_send = True\n${receivers}`),
      /cannot use report_mail_receivers of \[Publish\]: it names nobody, and report_mail_send is on/,
    );
  for (const port of ['0', '65536', '-1'])
    assert.match(
      more(`[Pipeline]\nstatus_server_port = ${port}\n`),
      /cannot use status_server_port of \[Pipeline\]: write a whole number from 1 to 65535/,
    );
  const mail = 'error_mail_send = on\nerror_mail_receivers = a@b.example\nerror_mail_smpt_port = 70000\n';
  assert.match(more(`[Pipeline]\n${mail}`), /cannot use error_mail_smpt_port of \[Pipeline\]/);
  for (const [key, path] of [
    ['spice_kernels', '/data/fits/kernels/'],
    ['soop_files', '/data'],
  ] as const)
    assert.match(
      more(`${key} = ${path}\n`),
      new RegExp(`cannot use ${key} of \\[Paths\\]: it and fits_archive lie in each other`),
    );
});

test('levels, products and versions are read in the case that STIXCore takes them in', async (t) => {
  const made = drafted(
    t,
    `${PATHS}[Publish]\ntarget_dir = /out\ninclude_levels = l0,l1, l2\ninclude_products = QL, Sci\ninclude_versions = V02, 3\n`,
  );
  assert.deepEqual(made.diagnostics, []);
  const { levels, products, versions } = made.draft?.jobs?.[0]?.keys ?? {};
  assert.deepEqual(
    [levels, products, versions],
    [
      ['L0', 'L1*'],
      ['ql', 'sci'],
      [2, 3],
    ],
  );
  const { text } = await finishImport(made, 'vahti import stixcore x.ini', { folder: tempFolder(t) });
  assert.match(text ?? '', /not taken over: L2 of include_levels: no step makes it/);
});

test('files that fail are told to who gets mail of errors, and what watches find to who gets reports', async (t) => {
  const who = async (mail: string): Promise<unknown> => {
    const made = drafted(t, `${PATHS}${mail}`);
    assert.deepEqual(made.diagnostics, []);
    const { text } = await finishImport(made, 'vahti import stixcore x.ini', { folder: tempFolder(t) });
    assert.ok(text !== undefined);
    const { pipeline, watch, notify } = made.draft?.services[0]?.keys ?? {};
    const ofWatches = Object.values(watch ?? {}).map((each) => each['notify']);
    return [pipeline?.['failures'], notify, ofWatches, Object.keys(made.draft?.notify ?? {})];
  };
  const errors = '[Pipeline]\nerror_mail_send = on\nerror_mail_receivers = ops@a.example\n';
  const reports = '[Publish]\nreport_mail_send = on\nreport_mail_receivers = team@a.example\n';
  const three = (name: string | undefined): unknown => [name, name, name];
  assert.deepEqual(await who(errors + reports), [
    { notify: ['ops'] },
    ['ops'],
    three('reports'),
    ['ops', 'reports'],
  ]);
  assert.deepEqual(await who(reports), [{ notify: [] }, undefined, three('reports'), ['reports']]);
  assert.deepEqual(
    await who(errors + reports.replace('team', 'ops')),
    [undefined, undefined, three(undefined), ['ops']],
    'all hear of all',
  );
  assert.deepEqual(await who(''), [undefined, undefined, three(undefined), []]);
});

const PYTHON = `
import configparser, json, sys
for text in json.load(sys.stdin):
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
        out = {s: {k: parser.get(s, k, raw=True) for k in parser[s]} for s in parser.sections()}
        for s in out:
            for k in out[s]:
                try: out[s][k] = [out[s][k], parser.get(s, k)]
                except configparser.Error: out[s][k] = [out[s][k], None]
        print(json.dumps(out))
    except configparser.Error:
        print('null')
`;
const NO_PYTHON =
  spawnSync('python3', ['-c', 'import configparser']).status === 0 ? false : 'no python3 here';

test('property: files are read as Python’s own ConfigParser reads them', { skip: NO_PYTHON }, () => {
  const word = fc.constantFrom(
    'a',
    'b',
    'B',
    '= 1',
    ': x',
    '%(a)s',
    '%%',
    '%',
    '# c',
    '; c',
    '  ',
    'x=%(b)s',
    'a = %(b)s y',
    '   more',
    '',
  );
  const line = fc.oneof(
    fc.constantFrom('[S]', '[T]', '[DEFAULT]', '', '# note'),
    fc.array(word, { maxLength: 3 }).map((words) => words.join(' ')),
  );
  const texts = fc.sample(
    fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`),
    { numRuns: 1500, seed: 20_261_122 },
  );
  const answers = execFileSync('python3', ['-c', PYTHON], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  }).split('\n');
  let read = 0;
  for (const [index, text] of texts.entries()) {
    const expected = JSON.parse(answers[index] ?? 'null') as Record<
      string,
      Record<string, [string, string | null]>
    > | null;
    const sections: Sections = new Map();
    const diagnostics: Diagnostic[] = [];
    readIni(text, 'x.ini', sections, diagnostics);
    assert.equal(
      diagnostics.length > 0,
      expected === null,
      `${JSON.stringify(text)}: ${said(diagnostics).join()}`,
    );
    if (expected === null) continue;
    read += 1;
    const defaults = sections.get('DEFAULT') ?? new Map();
    for (const [name, options] of sections) {
      if (name === 'DEFAULT') continue;
      const all = new Map([...defaults, ...options]);
      const ours = Object.fromEntries(
        Array.from(all, ([key, { value }]) => {
          const inner = interpolated(sections, name, value);
          return [key, [value, inner.ok ? inner.value : null]];
        }),
      );
      assert.deepEqual(ours, expected[name], JSON.stringify(text));
    }
  }
  assert.ok(read > 200, `only ${read} could be read`);
});
