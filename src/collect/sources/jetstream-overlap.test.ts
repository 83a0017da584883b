import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOverlap, type OverlapOptions } from './jetstream-overlap.ts';

const AT = 1_783_175_888_000_000;
const RESUMED: OverlapOptions = { position: AT, cursor: AT - 10_000_000, expected: AT };

/** What is said to events at these microseconds from the position; `known`: those of them that we had. */
function heard(
  options: Partial<OverlapOptions>,
  offsets: readonly number[],
  { numbered = false, known = [] }: { numbered?: boolean; known?: readonly number[] } = {},
): (string | undefined)[] {
  const overlap = createOverlap({ ...RESUMED, ...options });
  return offsets.map((offset) => {
    const at = AT + offset;
    const said = overlap.see({ seq: at, timeUs: at, numbered, known: known.includes(offset) });
    return said?.kind === 'gap' ? `gap ${said.reason}` : said?.kind;
  });
}

const NOTHING = undefined;

test('the event at our position comes again: nothing is missing', () => {
  assert.deepEqual(heard({}, [-9_000_000, -5, 0, 3, 1_000]), [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING]);
  assert.deepEqual(heard({}, [0, 90_000_000]), [NOTHING, NOTHING]);
  assert.deepEqual(heard({}, [-10_000_000, 0]), [NOTHING, NOTHING]);
});

test('the first event is from behind our position: the server no longer has what was asked for', () => {
  assert.deepEqual(heard({}, [1, 2, 3]), ['info', NOTHING, NOTHING]);
  assert.deepEqual(heard({ expected: undefined }, [60_000_000, 60_000_001]), ['info', NOTHING]);
  const said = createOverlap(RESUMED).see({ seq: AT + 1, timeUs: AT + 1, numbered: false, known: false });
  assert.deepEqual(said, {
    kind: 'info',
    name: 'OutdatedCursor',
    message:
      'asked for events from 2026-07-04T14:37:58.000000Z on, the first that came is of 2026-07-04T14:38:08.000001Z',
  });
});

test('the first event is from before the cursor: the server is behind us, of version 2 if it is far before', () => {
  assert.deepEqual(heard({}, [-10_000_001, -10_000_000]), ['reset', NOTHING]);
  const early = (by: number) => heard({}, [by, -5, 0, 1], { numbered: true });
  assert.deepEqual(early(-500_000_000), [NOTHING, NOTHING, NOTHING, NOTHING]);
  // No file of version 2 is so long.
  assert.deepEqual(early(-700_000_000), ['reset', NOTHING, NOTHING, NOTHING]);
  assert.deepEqual(heard({}, [-9_000_000, -11_000_000, 0]), [NOTHING, NOTHING, NOTHING]);
});

test('the event at our position does not come again: another server answers', () => {
  assert.deepEqual(heard({}, [-9_000_000, -1, 2, 3]), [NOTHING, NOTHING, 'gap reset', NOTHING]);
  assert.deepEqual(heard({ expected: undefined }, [-9_000_000, 2]), [NOTHING, NOTHING]);
});

test('the event at our position is overtaken by a live one, and most before it are ours: it is our server', () => {
  const known = [-9, -7, -6];
  assert.deepEqual(heard({}, [-9, -8, -7, -6, 3, -4, 0], { known }), Array(7).fill(NOTHING));
  assert.deepEqual(heard({}, [-9, -8, -5, 3, -4], { known }), [
    NOTHING,
    NOTHING,
    NOTHING,
    'gap reset',
    NOTHING,
  ]);
  const gone = heard({}, [-9, -7, -6, 3], { known, numbered: true });
  assert.deepEqual(gone, [NOTHING, NOTHING, NOTHING, 'gap reset']);
});

test('it is settled with the event at our position, or the first one behind it, or when it is given up', () => {
  const settled = (offsets: readonly number[]): boolean[] => {
    const overlap = createOverlap(RESUMED);
    return offsets.map((offset) => {
      overlap.see({ seq: AT + offset, timeUs: AT + offset, numbered: false, known: true });
      return overlap.settled();
    });
  };
  assert.deepEqual(settled([-2, -1, 0]), [false, false, true]);
  assert.deepEqual(settled([-2, 1]), [false, true]);
  const overlap = createOverlap(RESUMED);
  assert.equal(overlap.giveUp().kind, 'gap');
  assert.ok(overlap.settled());
});

test('at the live end, at the oldest and at a number of version 2 nothing is expected', () => {
  assert.deepEqual(heard({ position: 'live', cursor: undefined }, [5]), [NOTHING]);
  assert.deepEqual(heard({ position: 'oldest', cursor: 0 }, [5]), [NOTHING]);
  assert.deepEqual(heard({ position: 12_345, cursor: 12_345 }, [5]), [NOTHING]);
});
