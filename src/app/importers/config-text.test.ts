import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Draft } from './draft.ts';
import { createNames, serviceName } from './service-names.ts';
import { writeChecked } from './own-check.ts';
import { anyText } from '../../../test/rig/any-text.ts';

const FILE = join(import.meta.dirname, 'vahti.yaml');
const text = anyText({ maxLength: 30 }).filter((each) => !each.includes('\0'));
const tricky = fc.constantFrom(
  'null',
  '~',
  '1e3',
  '0x1F',
  '-',
  '--',
  '---',
  '- a',
  'a: b',
  'a #b',
  '#',
  '[',
  '*a',
  '&a',
  '!x',
  '%x',
  '@x',
  '`',
  '1_0',
  'yes',
  '12:30',
  ' a ',
  'a\nb',
  "it's",
  '"',
  'a:',
  '{a}',
  'a,b',
  '.',
  '...',
  '=',
  '<<',
  '\u2028',
  '\ufeff',
);
const word = fc.oneof(text, tricky);

test('whatever a draft says, the real parser reads it back, and the notes stay comments', async () => {
  const service = fc.record({
    run: fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => ['/bin/true', ...words]),
    env: fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,8}$/), word, { maxKeys: 3 }),
    stop: fc.constantFrom('5s', '1m30s'),
    restart: fc.record({ 'no-restart-on': fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 }) }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(service, fc.array(word, { maxLength: 3 })), { maxLength: 3 }),
      async (services) => {
        const draft: Draft = {
          notes: services.flatMap(([, notes]) => notes),
          services: services.map(([keys, notes], index) => ({ name: `s${index}`, keys, notes })),
        };
        // It throws where anything else is read than was meant.
        const { here } = await writeChecked(draft, 'vahti import', FILE);
        assert.deepEqual(here, []);
      },
    ),
    { numRuns: 150 },
  );
});

test('a user and a folder that this machine lacks are warned of; anything else that check refuses is a bug', async () => {
  const draft = (keys: object): Draft => ({
    notes: [],
    services: [{ name: 'a', keys: { run: ['/bin/true'], ...keys }, notes: [] }],
  });
  const { here, text: written } = await writeChecked(
    draft({ cwd: '/not/there', user: 'nobody-at-all' }),
    'x',
    FILE,
  );
  assert.deepEqual(
    here.map(({ line, message }) => `${written.split('\n')[line - 1]?.trim()} ${message.slice(0, 10)}`),
    ['cwd: /not/there cannot run', 'user: nobody-at-all cannot run'],
  );
  await assert.rejects(
    writeChecked(draft({ run: [''] }), 'x', FILE),
    /cannot write a config that can be used: cannot run an empty word/,
  );
  await assert.rejects(writeChecked(draft({ colour: 'blue' }), 'x', FILE), /cannot use the key "colour"/);
});

test('names are ones that Vahti takes, and none comes twice', () => {
  const cases = [
    ['Web API', 'web-api'],
    ['_x_', 'x'],
    ['Süd:Käse', 'sud-kase'],
    ['日本', 'service'],
    ['a'.repeat(80), 'a'.repeat(63)],
  ] as const;
  for (const [name, expected] of cases) assert.equal(serviceName(name), expected);
  const names = createNames();
  assert.deepEqual(['a', 'A', 'a-2', 'a', 'b'.repeat(63), 'b'.repeat(70)].map(names), [
    'a',
    'a-2',
    'a-2-2',
    'a-3',
    'b'.repeat(63),
    `${'b'.repeat(61)}-2`,
  ]);
});
