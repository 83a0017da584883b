import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGap, TailBuffer } from './tail-buffer.ts';

interface Line {
  readonly n: number;
}

function numbers(buffer: TailBuffer<Line>): readonly (number | 'gap')[] {
  return buffer.items.map((item) => (isGap(item) ? 'gap' : item.n));
}

function lines(from: number, count: number): Line[] {
  return Array.from({ length: count }, (_, index) => ({ n: from + index }));
}

test('the newest stay; what the hub left out is a gap', () => {
  const buffer = new TailBuffer<Line>(5);
  buffer.push(lines(1, 3), 0);
  buffer.push(lines(10, 3), 6);
  assert.deepEqual(numbers(buffer), [3, 'gap', 10, 11, 12]);
  assert.deepEqual([buffer.base, buffer.dropped, buffer.received], [2, 2, 6]);
  assert.match(JSON.stringify(buffer.items[1]), /6 lines are missing here/);
});

test('held, what is there stays where it is; let go, the newest are there', () => {
  const buffer = new TailBuffer<Line>(4);
  buffer.push(lines(1, 4), 0);
  buffer.hold();
  buffer.push(lines(5, 3), 0);
  assert.deepEqual(numbers(buffer), [1, 2, 3, 4, 5, 6, 7]);
  buffer.push(lines(8, 20), 0);
  assert.deepEqual(numbers(buffer), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([buffer.base, buffer.below], [0, 23]);
  buffer.release();
  assert.deepEqual(numbers(buffer), [24, 25, 26, 27]);
  assert.equal(buffer.dropped, 23);
  buffer.push(lines(28, 1), 0);
  assert.deepEqual(numbers(buffer), [25, 26, 27, 28]);
});

test('whatever comes and however it is held: nothing moves under the reader, rows are in order, bounded, none twice, the newest last', () => {
  const MOST = 8;
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('push' as const),
        count: fc.integer({ min: 0, max: 30 }),
        skipped: fc.integer({ min: 0, max: 2 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffer = new TailBuffer<Line>(MOST);
      let next = 1;
      let pushed = 0;
      for (const each of steps) {
        const before = buffer.isHeld ? [...buffer.items] : undefined;
        if (each.do === 'push') {
          buffer.push(lines(next, each.count), each.skipped);
          next += each.count;
          pushed += each.count + Math.min(1, each.skipped);
          if (before !== undefined)
            assert.deepEqual(buffer.items.slice(0, before.length), before, 'it moved under the reader');
        } else if (each.do === 'hold') buffer.hold();
        else buffer.release();
        assert.ok(buffer.items.length <= (buffer.isHeld ? MOST * 2 : MOST));
        const shown = numbers(buffer).filter((n) => n !== 'gap');
        assert.ok(shown.every((n, index) => index === 0 || n > (shown[index - 1] ?? 0)));
      }
      buffer.release();
      assert.equal(buffer.received, next - 1);
      assert.equal(buffer.items.length + buffer.dropped, pushed, 'what went is not counted');
      const last = numbers(buffer).at(-1);
      if (next > 1 && last !== 'gap') assert.equal(last, next - 1, 'the newest is not there');
    }),
    { numRuns: 500 },
  );
});
