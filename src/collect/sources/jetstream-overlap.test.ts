import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOverlap, type OverlapOptions } from './jetstream-overlap.ts';

const AT = 1_783_175_888_000_000;
const RESUMED: OverlapOptions = { position: AT, cursor: AT - 10_000_000, handedOver: true };

/** What is said to events at these microseconds from the position. */
function heard(
  options: Partial<OverlapOptions>,
  offsets: readonly number[],
  numbered = false,
): (string | undefined)[] {
  const overlap = createOverlap({ ...RESUMED, ...options });
  return offsets.map((offset) => {
    const said = overlap({ seq: AT + offset, timeUs: AT + offset, numbered });
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
  assert.deepEqual(heard({ handedOver: false }, [60_000_000, 60_000_001]), ['info', NOTHING]);
  const said = createOverlap(RESUMED)({ seq: AT + 1, timeUs: AT + 1, numbered: false });
  assert.deepEqual(said, {
    kind: 'info',
    name: 'OutdatedCursor',
    message:
      'asked for events from 2026-07-04T14:37:58.000000Z on, the first that came is of 2026-07-04T14:38:08.000001Z',
  });
});

test('the first event is from before the cursor: the server is behind us, unless it is of version 2', () => {
  assert.deepEqual(heard({}, [-10_000_001, -10_000_000]), ['reset', NOTHING]);
  assert.deepEqual(heard({}, [-900_000_000, -5, 0, 1], true), [NOTHING, NOTHING, NOTHING, NOTHING]);
  assert.deepEqual(heard({}, [-9_000_000, -11_000_000, 0]), [NOTHING, NOTHING, NOTHING]);
});

test('the event at our position does not come again: another server answers', () => {
  assert.deepEqual(heard({}, [-9_000_000, -1, 2, 3]), [NOTHING, NOTHING, 'gap reset', NOTHING]);
  assert.deepEqual(heard({ handedOver: false }, [-9_000_000, 2]), [NOTHING, NOTHING]);
});

test('at the live end, at the oldest and at a number of version 2 nothing is expected', () => {
  assert.deepEqual(heard({ position: 'live', cursor: undefined }, [5]), [NOTHING]);
  assert.deepEqual(heard({ position: 'oldest', cursor: 0 }, [5]), [NOTHING]);
  assert.deepEqual(heard({ position: 12_345, cursor: 12_345 }, [5]), [NOTHING]);
});
