import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { parseDuration } from '../../../core/durations.ts';
import { importLivereduce } from './import-livereduce.ts';
import { readSettings } from './settings.ts';

function importText(t: TestContext, text: string) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'livereduce.conf'), text);
  const { draft, diagnostics } = importLivereduce({ file: join(folder, 'livereduce.conf'), folder });
  const said = diagnostics.map(
    ({ line, column, message }) => `${line}:${column} ${message.replaceAll(folder, '')}`,
  );
  return { service: draft?.services[0], said };
}

test('the watchdog’s numbers are read as the watchdog reads them, and its defaults taken for what it cannot use', () => {
  const read = (watchdog: unknown) => readSettings({ watchdog });
  for (const [written, taken] of [
    [{}, [60, 300]],
    [{ interval: 30, threshold: 20 }, [30, 20]],
    [{ interval: '30', threshold: '600' }, [30, 600]],
    [{ interval: null, threshold: false }, [60, 300]],
    [null, [60, 300]],
    [{ interval: 1 }, [1, 300]],
  ] as const) {
    const { watchdog, replaced } = read(written);
    assert.deepEqual(
      [watchdog.interval, watchdog.threshold, replaced],
      [...taken, []],
      JSON.stringify(written),
    );
  }
  for (const [written, what] of [
    [{ interval: 0 }, 'watchdog.interval is 0, not a whole number of seconds: its default, 60, is taken'],
    [{ interval: 1.5 }, 'watchdog.interval is 1.5, not a whole number of seconds: its default, 60, is taken'],
    [{ interval: -5 }, 'watchdog.interval is -5, not a whole number of seconds: its default, 60, is taken'],
    [
      { interval: '05' },
      'watchdog.interval is a text, not a whole number of seconds: its default, 60, is taken',
    ],
    [
      { interval: [30] },
      'watchdog.interval is a list, not a whole number of seconds: its default, 60, is taken',
    ],
    [
      { interval: true },
      'watchdog.interval is true, not a whole number of seconds: its default, 60, is taken',
    ],
    [
      { interval: 1e300 },
      'watchdog.interval is 1e+300, not a whole number of seconds: its default, 60, is taken',
    ],
    [
      { threshold: 19 },
      'watchdog.threshold is 19, not a whole number of seconds, 20 or more: its default, 300, is taken',
    ],
    ['made-up', 'watchdog is a text, no map of keys: its defaults are taken'],
    [[], 'watchdog is a list, no map of keys: its defaults are taken'],
  ] as const) {
    const { watchdog, replaced } = read(written);
    assert.deepEqual([watchdog, replaced], [{ interval: 60, threshold: 300 }, [what]]);
  }
});

test('any JSON gives times that a watch can have, and no text of it is told', () => {
  const key = fc.constantFrom('interval', 'threshold', 'watchdog', 'update_every', 'other');
  const secret = fc.constantFrom('hush', 'hush 7', '\u001b[31mhush');
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      secret,
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value), (config) => {
      const { watchdog, replaced, strange } = readSettings(config);
      assert.ok(watchdog.interval >= 1 && watchdog.threshold >= 20);
      for (const seconds of [watchdog.interval, watchdog.threshold])
        assert.equal(parseDuration(`${seconds}s`).ok, true, String(seconds));
      assert.doesNotMatch([...replaced, ...strange].join('\n'), /hush/);
    }),
  );
});

test('what livereduce could not read either is refused, with its place and without its text', (t) => {
  for (const [text, ...said] of [
    [
      '{ "a": hush }',
      '1:1 cannot import /livereduce.conf: it is no JSON: look for a comment, a comma too many or text without its quotes',
    ],
    [
      '{\n  "a": 1,\n}',
      '3:1 cannot import /livereduce.conf: it is no JSON: look for a comment, a comma too many or text without its quotes',
    ],
    ['["hush"]', '1:1 cannot import /livereduce.conf: it is no JSON object'],
    ['"hush"', '1:1 cannot import /livereduce.conf: it is no JSON object'],
  ])
    assert.deepEqual(importText(t, text as string).said, said);
  const broken = importText(t, '{ "a": "hush\n').said;
  assert.equal(broken.length > 0, true);
  assert.doesNotMatch(broken.join('\n'), /hush/);
  const missing = importLivereduce({ file: '/nowhere/livereduce.conf', folder: '/' });
  assert.match(
    missing.diagnostics[0]?.message ?? '',
    /cannot import \/nowhere\/livereduce\.conf: no such file/,
  );
});

test('of a key that is there twice the last counts, as for Python and jq', (t) => {
  const { service } = importText(t, '{ "watchdog": { "interval": 5, "interval": 7 } }');
  assert.equal(service?.keys.watch?.['log']?.['every'], '7s');
});
