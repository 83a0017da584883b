import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockedBy, conflicts, grant, type Locker } from './locks.ts';

test('a name excludes itself, a folder also what is in it and around it', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['raw', 'raw', true],
    ['raw', 'raw2', false],
    ['path:/data', 'path:/data/a', true],
    ['path:/data/a', 'path:/data', true],
    ['path:/data', 'path:/data2', false],
    ['path:/', 'path:/x', true],
    ['/data', 'path:/data', false],
  ];
  for (const [a, b, expected] of table) assert.equal(conflicts(a, b), expected, `${a} and ${b}`);
});

test('who waits says for what, and for whom', () => {
  const holders = [{ name: 'archive', locks: ['path:/data/a'] }];
  assert.deepEqual(blockedBy({ name: 'purge', locks: ['x', 'path:/data'] }, holders), {
    lock: 'path:/data',
    by: 'archive',
  });
  assert.equal(blockedBy({ name: 'other', locks: ['x'] }, holders), undefined);
});

test('property: no two that conflict run together, nobody overtakes for the same lock, and somebody always gets on', () => {
  const locks = fc.subarray(['a', 'b', 'c', 'path:/d', 'path:/d/e']);
  const lockers = fc
    .array(locks, { maxLength: 8 })
    .map((all) => all.map((each, index): Locker => ({ name: `j${index}`, locks: each })));
  fc.assert(
    fc.property(lockers, fc.nat(3), (all, running) => {
      const holders = all.slice(0, 0);
      const held = [...holders, ...grant(all.slice(0, running), [])];
      const waiting = all.slice(running);
      const granted = grant(waiting, held);
      const meets = (a: Locker, b: Locker): boolean =>
        a.locks.some((own) => b.locks.some((other) => conflicts(own, other)));
      for (const each of granted) {
        assert.ok(![...held, ...granted].some((other) => other !== each && meets(each, other)));
        assert.ok(!waiting.slice(0, waiting.indexOf(each)).some((earlier) => meets(each, earlier)));
      }
      if (held.length === 0 && waiting.length > 0) assert.ok(granted.length > 0);
    }),
  );
});
