import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { WATCH_KINDS } from './registry.ts';

/** Keys that every watch has. */
const COMMON = ['every', 'timeout', 'fail', 'ok', 'hours', 'grace', 'then', 'notify'];

test('kinds are sorted by name, each name once', () => {
  const names = WATCH_KINDS.map(({ kind }) => kind);
  assert.deepEqual(names, [...new Set(names)].toSorted());
});

test('every kind has strict options, a main one among them, each described, none with a name that all watches use', () => {
  for (const { kind, main, options, everyMs, timeoutMs } of WATCH_KINDS) {
    const { entries } = options as unknown as { entries: Record<string, v.GenericSchema> };
    assert.ok(main !== undefined && Object.hasOwn(entries, main), kind);
    for (const [name, schema] of Object.entries(entries)) {
      assert.ok(v.getDescription(schema) !== undefined, `${kind}.${name}`);
      assert.ok(!COMMON.includes(name) && name !== kind, `${kind}.${name}`);
    }
    assert.equal(v.safeParse(options, { nonsense: 1 }).success, false, kind);
    assert.ok(timeoutMs > 0 && timeoutMs <= everyMs, kind);
  }
});
