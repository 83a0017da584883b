import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expression, levelOf, parseExpression } from './expression.ts';

function read(text: string): Expression {
  const parsed = parseExpression(text);
  assert.ok(parsed.ok, parsed.ok ? '' : `${text}: ${parsed.error.message}`);
  return parsed.value;
}

function assertTests(values: Record<string, unknown>, cases: Readonly<Record<string, boolean>>): void {
  for (const [text, expected] of Object.entries(cases)) {
    const expression = read(text);
    assert.equal(expression.test(values), expected, text);
    assert.equal(read(expression.text).test(values), expected, `${text} in normal form`);
  }
}

test('conditions are joined by not, and, or, in this order of binding', () => {
  assertTests(
    { t: true, f: false },
    {
      't or t and f': true,
      '(t or t) and f': false,
      'not f and f': false,
      'not (f and f)': true,
      'not not t': true,
      't and not f': true,
      true: true,
    },
  );
});

test('values are compared with values of their kind, numbers also with strings of digits', () => {
  assertTests(
    { n: 200, s: '200', w: 'up', b: true, z: null, l: [1, 'a'], o: {}, neg: -1 },
    {
      'n == 200': true,
      's == 200': true,
      's >= 100': true,
      'n == s': true,
      "w == 'up'": true,
      "w < 'vp'": true,
      "w == 'UP'": false,
      'w > 5': false,
      'w <= 5': false,
      'b == true': true,
      'b == "true"': false,
      'b > false': false,
      'z == null': true,
      'z < 1': false,
      'o == o': true,
      'o == l': false,
      'neg > -2': true,
      '200 == n': true,
      '100 < n': true,
      'n < 2e2': false,
      "s == '200'": true,
    },
  );
});

test('what is missing equals null only, and has no order', () => {
  assertTests(
    { z: null },
    {
      'm == null': true,
      'm != null': false,
      'm == z': true,
      'm == m': false,
      'm != 1': true,
      'm == 1': false,
      'm < 1': false,
      'm >= 1': false,
      'm in [null]': true,
      'm contains "a"': false,
      'm matches /undefined/': false,
      'not m > 1': true,
      m: false,
      'exists m': false,
      'exists z': true,
    },
  );
});

test('durations and sizes compare in milliseconds and bytes', () => {
  assertTests(
    { lag: 300_001, size: 400 * 1024 ** 2 },
    {
      'lag > 5m': true,
      'lag > 5m1s': false,
      'lag > -1s': true,
      'size < 400M': false,
      'size <= 400MiB': true,
      'size < 1G': true,
    },
  );
});

test('levels compare by rank, whether data give names or numbers', () => {
  for (const level of ['error', 'ERROR', 'err', ' Error', 17, 18, 20, '18']) {
    assertTests(
      { level, log: { level }, severity: level, prio: level },
      {
        'level >= error': true,
        'level == error': true,
        'level == "error"': true,
        'level > error': false,
        'level < fatal': true,
        'error <= level': true,
        'level in [warn, error]': true,
        'log.level != error': false,
        'severity > warn': true,
        'prio > warn': true,
      },
    );
  }
  assertTests({ level: 'warning' }, { 'level == warn': true, 'level >= 13': true, 'level > 13': false });
  for (const level of [0, 25, 50, 'odd', '', null, undefined, {}, true]) {
    assertTests({ level }, { 'level >= trace': false, 'level <= fatal': false, 'level != error': true });
  }
  assertTests(
    { status: 'error', error: 'error', errors: 5 },
    { 'status == error': true, 'error > 5': false, 'errors > 3': true },
  );
});

test('a level is read from names and numbers', () => {
  assert.deepEqual(['notice', 'Critical', 'WARN', '9', 24, 0, 'x', null].map(levelOf), [
    10,
    21,
    13,
    9,
    24,
    undefined,
    undefined,
    undefined,
  ]);
});

test('lists, texts and patterns are searched', () => {
  assertTests(
    { tags: ['a', 5], text: 'Disk full: 95%', n: 503 },
    {
      'n in [500, 503]': true,
      'n not in [500, 503]': false,
      "n in ['503']": true,
      'tags contains "a"': true,
      'tags contains 5': true,
      'tags contains "b"': false,
      'text contains "full"': true,
      'text contains 95': true,
      'text not contains "empty"': true,
      'text matches /^disk FULL/i': true,
      'text matches /[/]/': false,
      'text matches /\\d+%$/': true,
      'n matches /^5\\d\\d$/': true,
      'tags matches /a/': false,
    },
  );
});

test('a path finds own values only', () => {
  assertTests(
    { a: { b: [{ 'odd key': 1 }], in: 2, 'x.y': 3 }, not: 4, 'content-type': 'x' },
    {
      'a.b[0]["odd key"] == 1': true,
      "a['b'][0]['odd key'] == 1": true,
      'a.b[1] == null': true,
      'a.in == 2': true,
      'a["x.y"] == 3': true,
      '["not"] == 4': true,
      'content-type == "x"': true,
      'exists a.b.length': false,
      'exists a.constructor': false,
      'exists __proto__': false,
      'exists a["b"]["0"]': false,
      'exists a[0]': false,
      'exists content-type.length': false,
    },
  );
  assertTests(JSON.parse('{"__proto__": {"x": 1}}') as Record<string, unknown>, { '__proto__.x == 1': true });
});

test('an explanation names the values that decided', () => {
  const values = {
    level: 9,
    lag: 370_000,
    size: 1.44 * 1024 ** 2,
    status: 200,
    body: { id: '' },
    l: [1, 2],
    near: 300_001,
    big: 'x'.repeat(200),
  };
  for (const [text, explanation] of [
    ['level >= error', 'level is info, expected >= error'],
    ['level < error', 'level is info (< error)'],
    ['lag < 5m', 'lag is 6m10s, expected < 5m'],
    ['near < 5m', 'near is 5m0.001s, expected < 5m'],
    ['size > 1M', 'size is 1.4M (> 1M)'],
    ['status == 200 and body.id != ""', 'body.id is "", expected != ""'],
    ['status == 200 and body.id == ""', 'status is 200 (== 200); body.id is "" (== "")'],
    ['status == 500 or body.id == ""', 'body.id is "" (== "")'],
    ['not (status == 200 or l contains 5)', 'status is 200, expected not == 200'],
    ['missing > 5', 'missing is missing, expected > 5'],
    ['exists body', 'body is an object (present)'],
    ['l == status', 'l is a list of 2, expected == status, status is 200'],
    [
      'a and b and c and d and e',
      'a is missing, expected true; b is missing, expected true; c is missing, expected true; and 2 more',
    ],
  ] as const) {
    assert.equal(read(text).explain(values), explanation);
  }
  assert.ok(read('big == 1').explain(values).length < 120);
});

test('data nested without end is no trouble', () => {
  const depth = 100_000;
  const values = JSON.parse(`{"a": ${'['.repeat(depth)}${']'.repeat(depth)}}`) as Record<string, unknown>;
  assert.equal(read('a == a and a[0][0] != 5').test(values), true);
  assert.equal(read('a == 1').explain(values), 'a is a list of 1, expected == 1');
});
