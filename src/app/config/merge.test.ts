import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { isInstalledConfig } from '../layout.ts';
import { loadConfig } from './load.ts';
import { parseConfigs } from './merge.ts';

/** A machine's config: /etc/vahti/vahti.yaml, and files of conf.d by their names. */
function machine(
  t: Parameters<typeof tempFolder>[0],
  main: string,
  more: Readonly<Record<string, string>>,
): string {
  const folder = path.join(tempFolder(t), 'etc/vahti');
  fs.mkdirSync(path.join(folder, 'conf.d'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'vahti.yaml'), main);
  for (const [name, text] of Object.entries(more)) fs.writeFileSync(path.join(folder, 'conf.d', name), text);
  return path.join(folder, 'vahti.yaml');
}

test('what stands in conf.d is part of the config; data lies where Linux keeps it', async (t) => {
  const file = machine(
    t,
    'zone: Europe/Zurich\nservices:\n  a: { run: [sleep, "1"], log: { file: a.log } }\n',
    {
      '10-b.yaml': 'services:\n  b:\n    run: [sleep, "1"]\n',
      '20-a.yaml': 'services: { a: { stop: 5s } }\n',
      '30-no.txt': 'services: { c: 1 }\n',
      '.hidden.yaml': 'services: { d: 1 }\n',
    },
  );
  const { plan, origins, diagnostics } = await loadConfig(file);
  assert.deepEqual(diagnostics, []);
  const root = path.resolve(file, '../../..');
  assert.equal(plan?.state, `${root}/var/lib/vahti`);
  assert.deepEqual(
    plan?.services.map(({ name, cwd, stopMs, log }) => ({ name, cwd, stopMs, log: log.file })),
    [
      { name: 'a', cwd: `${root}/var/lib/vahti`, stopMs: 5000, log: `${root}/var/lib/vahti/a.log` },
      { name: 'b', cwd: `${root}/var/lib/vahti`, stopMs: 30_000, log: undefined },
    ],
  );
  const stop = origins.get('services.a.stop');
  assert.deepEqual(stop, { from: 'config', line: 1, file: path.resolve(file, '../conf.d/20-a.yaml') });
});

test('a key that is set twice, and every other mistake, is told with the file that it stands in', async (t) => {
  const file = machine(t, 'zone: UTC\nservices:\n  a:\n    run: [sleep, "1"]\n', {
    '10.yaml': '\nservices:\n  a: { run: [sleep, "2"] }\n  b: { run: [sleep, "1"], stop: soon }\nzone: UTC\n',
    '20.yaml': 'services:\n  c: { rum: [sleep, "1"] }\n',
  });
  const { plan, diagnostics } = await loadConfig(file);
  assert.equal(plan, undefined);
  const told = diagnostics.map((each) => `${path.basename(each.file)}:${each.line} ${each.message}`);
  assert.ok(
    told.some((line) => line === `10.yaml:3 cannot set services.a.run twice: it stands in ${file}:4`),
    told.join('\n'),
  );
  assert.ok(told.some((line) => line === `10.yaml:5 cannot set zone twice: it stands in ${file}:1`));
  assert.ok(
    told.some((line) => line.startsWith('10.yaml:4 ')),
    told.join('\n'),
  );
  assert.ok(
    told.some((line) =>
      line.startsWith('20.yaml:2 cannot use the key "rum" in services.c, did you mean "run"'),
    ),
  );
});

test('a config elsewhere has no conf.d, and its state beside it', async (t) => {
  const folder = tempFolder(t);
  fs.mkdirSync(path.join(folder, 'conf.d'));
  fs.writeFileSync(path.join(folder, 'vahti.yaml'), 'services:\n  a: { run: [sleep, "1"] }\n');
  fs.writeFileSync(path.join(folder, 'conf.d/b.yaml'), 'no: config\n');
  const { plan } = await loadConfig(path.join(folder, 'vahti.yaml'));
  assert.equal(plan?.state, path.join(folder, '.vahti'));
  assert.equal(isInstalledConfig('/etc/vahti/vahti.yaml'), true);
  assert.equal(isInstalledConfig('/etc/vahti.d/vahti.yaml'), false);
});

test('cut into files in any way, a config is the same', () => {
  const leaves = fc.oneof(fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
  const keys = fc.stringMatching(/^[a-z]{1,3}$/);
  const tree = fc.dictionary(
    keys,
    fc.oneof(leaves, fc.dictionary(keys, leaves, { minKeys: 1, noNullPrototype: true })),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(tree, fc.infiniteStream(fc.nat(2)), (whole, picks) => {
      const parts: Record<string, Record<string, unknown>>[] = [{}, {}, {}];
      const put = (): Record<string, unknown> => parts[picks.next().value ?? 0] ?? {};
      for (const [key, value] of Object.entries(whole)) {
        if (typeof value !== 'object' || Array.isArray(value)) put()[key] = value;
        else
          for (const [inner, item] of Object.entries(value)) {
            const part = put();
            part[key] = { ...(part[key] as object | undefined), [inner]: item };
          }
      }
      const files = parts.map((part, index) => ({ file: `${index}.yaml`, text: JSON.stringify(part) }));
      const { value, diagnostics } = parseConfigs(files);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(value, whole);
    }),
    { numRuns: 100 },
  );
});
