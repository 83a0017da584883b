import assert from 'node:assert/strict';
import { matchesGlob } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob, compileInboxNames } from './names.ts';
import { parseMounts, remoteKind } from './network.ts';
import { createGroups } from './groups.ts';
import { createKnownFiles } from './known-files.ts';
import { isSteady, lookAgain, lookOf, type Steadiness } from './settling.ts';
import { cameWhole, createWatching, type Hint } from './watching.ts';

test('a file is steady when two looks so far apart, and all between them, have shown the same', () => {
  const looks = fc.array(
    fc.record({
      wait: fc.integer({ min: 0, max: 40 }),
      size: fc.integer({ min: 0, max: 2 }),
      ino: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(looks, fc.integer({ min: 0, max: 100 }), (steps, settle) => {
      const seen: { readonly at: number; readonly look: string }[] = [];
      let steadiness: Steadiness | undefined;
      let at = 0;
      for (const { wait, size, ino } of steps) {
        at += wait;
        const look = lookOf({ ino: String(ino), size, mtimeNs: '0' });
        seen.push({ at, look });
        steadiness = lookAgain(steadiness, look, at);
        const expected = seen.some(
          (first, index) => at - first.at >= settle && seen.slice(index).every((each) => each.look === look),
        );
        assert.equal(isSteady(steadiness, at, settle), expected);
      }
    }),
    { numRuns: 500 },
  );
});

test('a compiled glob says what matchesGlob says of paths without hidden parts', () => {
  const part = fc.string({
    unit: fc.constantFrom('a', 'b', 'x', '.', '-', 'é', '1'),
    minLength: 1,
    maxLength: 6,
  });
  const path = fc
    .array(part, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
    .filter((text) => !/(?:^|\/)\./.test(text));
  const globPart = fc.string({
    unit: fc.constantFrom('a', 'b', 'x', '.', '*', '?', '-', '{a,b}', '[ab]'),
    minLength: 1,
    maxLength: 5,
  });
  const glob = fc
    .array(fc.oneof(fc.constant('**'), fc.constant('*'), globPart), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  fc.assert(
    fc.property(glob, path, (pattern, name) => {
      assert.equal(compileGlob(pattern)(name), matchesGlob(name, pattern));
    }),
    {
      numRuns: 3000,
      examples: [
        ['**/*.xml', 'a/b.xml'],
        ['**', 'a/b'],
        ['a/**', 'a'],
        ['*', 'a/b'],
        ['**/a', 'a'],
      ],
    },
  );
});

test('a glob of many stars takes no time', () => {
  const began = performance.now();
  assert.equal(compileGlob('**/*a*a*a*ab')(`${'a'.repeat(200)}c`), false);
  assert.ok(performance.now() - began < 1000);
});

test('markers are no inputs, and are found beside their file', () => {
  const names = compileInboxNames({ match: ['**'], marker: '{stem}.ok' });
  assert.deepEqual(
    ['a/x.xml', 'a/x.ok', 'ok', '.ok', 'a/.b/x'].map((path) => names.isWanted(path)),
    [true, false, true, false, false],
  );
  assert.equal(names.markerOf('a/x.xml'), 'a/x.ok');
});

test('filesystems of the network are known by their mounts', () => {
  const mounts = parseMounts(
    [
      '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
      '40 22 0:40 / /data rw - nfs4 server:/data rw',
      '41 40 0:41 / /data/local rw master:2 propagate_from:1 - xfs /dev/vdb rw',
      '42 22 0:42 / /with\\040space rw - fuse.sshfs me@there: rw',
      'nonsense',
    ].join('\n'),
  );
  const kinds = ['/', '/database', '/data', '/data/x/y', '/data/local/x', '/with space/x'].map((path) =>
    remoteKind(path, mounts),
  );
  assert.deepEqual(kinds, [undefined, undefined, 'nfs4', 'nfs4', undefined, 'fuse.sshfs']);
});

test('groups: complete when every part is there, over after their first member', () => {
  const groups = createGroups({ key: '{g}.{part}', count: 2, timeout: 100, partial: 'fail' });
  assert.equal(groups.add('nothing', 0), false);
  assert.equal(groups.next(), Infinity);
  for (const [path, came] of [
    ['a.1', 5],
    ['x/a.1', 0],
    ['b.1', 50],
  ] as const)
    assert.equal(groups.add(path, came), true);
  assert.deepEqual([groups.take(99), groups.next()], [[], 100]);
  assert.deepEqual(groups.take(100), [{ word: 'a', paths: ['a.1', 'x/a.1'], missing: 1 }]);
  groups.add('b.2', 60);
  assert.deepEqual(groups.take(101), [{ word: 'b', paths: ['b.1', 'b.2'], missing: 0 }]);
  groups.add('c.1', 0);
  groups.remove('c.1');
  assert.deepEqual([groups.take(1000), groups.next()], [[], Infinity]);
});

test('known files: what a scan did not see is forgotten, unless it could not see all', () => {
  const known = createKnownFiles();
  known.add('a', '1');
  known.add('b', '1');
  assert.deepEqual([known.has('a', '1'), known.has('a', '2'), known.has('c', '1')], [true, false, false]);
  known.begin();
  known.has('a', '1');
  known.abandon();
  assert.equal(known.has('b', '1'), true);
  known.begin();
  known.has('a', '1');
  assert.equal(known.end(), true);
  assert.equal(known.has('b', '1'), false);
  known.begin();
  known.has('a', '1');
  assert.equal(known.end(), false);
});

/** What the kernel tells, in its order, of a folder that is watched. */
function told(...events: readonly (readonly [kind: string, name: string])[]) {
  let tell = (_kind: string, _name: string | null): void => {};
  const hints: Hint[] = [];
  const watching = createWatching({
    root: '/data/in',
    folders: {
      watch(_, heard) {
        tell = heard;
        return { close: () => {}, on: () => undefined } as never;
      },
    },
    tell: (hint) => hints.push(hint),
    trouble: assert.fail,
  });
  watching.follow('', '1');
  for (const [kind, name] of events) tell(kind, name);
  return { hints, watching };
}

test('what is told of names says how a file came', () => {
  const write = [
    ['rename', 'x.tmp'],
    ['change', 'x.tmp'],
  ] as const;
  const moved = [
    ['rename', 'x.tmp'],
    ['rename', 'x.in'],
  ] as const;
  assert.equal(told(...write, ...moved).watching.arrival('x.in'), 'moved');
  assert.equal(told(...moved).watching.arrival('x.in'), 'renamed', 'nothing was written before');
  assert.equal(
    told(...write, ['rename', 'x.tmp'], ['change', 'y'], ['rename', 'x.in']).watching.arrival('x.in'),
    'renamed',
  );
  assert.equal(told(...write, ...moved, ['change', 'x.in']).watching.arrival('x.in'), undefined);
  assert.equal(told(['rename', 'x.in'], ['change', 'x.in']).watching.arrival('x.in'), undefined);
  assert.equal(told().watching.arrival('x.in'), undefined);
  const later = { size: 1, mtimeNs: '5', ctimeNs: '6' };
  const same = { ...later, ctimeNs: '5' };
  assert.deepEqual(
    [
      cameWhole('renamed', later),
      cameWhole('renamed', same),
      cameWhole('moved', same),
      cameWhole('moved', { ...same, size: 0 }),
      cameWhole(undefined, later),
    ],
    [true, false, true, false, false],
  );
});

test('unfinished names are no hints, and the folder itself is one', () => {
  const { hints } = told(['rename', '.x'], ['change', 'x.part'], ['rename', 'x'], ['rename', 'in']);
  assert.deepEqual(hints, [
    { path: 'x', kind: 'name' },
    { path: '', kind: 'name' },
    { path: 'in', kind: 'name' },
  ]);
});
