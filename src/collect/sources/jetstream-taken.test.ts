import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTaken } from './jetstream-taken.ts';

const AT = 1_783_175_888_000_000;

test('times in order are their own numbers; what was left out is late, and gets a number above all before it', () => {
  const taken = createTaken();
  assert.equal(taken.begin('live', undefined), undefined);
  assert.deepEqual(
    [AT, AT + 9, AT + 10].map((time) => taken.take(time).seq),
    [AT, AT + 9, AT + 10],
  );
  assert.deepEqual([AT, AT + 5, AT + 9, AT + 11].map(taken.judge), ['again', 'late', 'again', 'next']);
  assert.deepEqual(
    [AT + 5, AT + 6].map((time) => taken.take(time).seq),
    [AT + 11, AT + 12],
  );
  // A time below a number that a late one has is new all the same.
  assert.equal(taken.judge(AT + 11), 'next');
  assert.equal(taken.take(AT + 11).seq, AT + 13);
  assert.equal(taken.begin(AT + 13, undefined), AT + 11);
  assert.deepEqual([AT + 5, AT + 7, AT + 11].map(taken.judge), ['again', 'late', 'again']);
});

test('what is from before the live end that it began with is none of ours; from the oldest on all is', () => {
  for (const [start, verdict] of [
    ['live', 'again'],
    ['oldest', 'late'],
    [AT - 1, 'again'],
  ] as const) {
    const taken = createTaken();
    taken.begin(start, undefined);
    taken.take(AT);
    assert.equal(taken.judge(AT - 5), verdict, String(start));
  }
});

test('on another server nothing from before what was taken is late: its times are others', () => {
  const taken = createTaken();
  taken.begin('oldest', undefined);
  for (const n of [1, 2, 4]) taken.take(AT + n);
  assert.equal(taken.judge(AT + 3), 'late');
  taken.forget();
  assert.deepEqual([AT + 3, AT + 5].map(taken.judge), ['again', 'next']);
});

/** What a life hands over: each time, and the number and the mark that it is committed with. */
function handOver(times: readonly number[]): { seq: number; mark: string } {
  const taken = createTaken();
  taken.begin('oldest', undefined);
  let last = { seq: 0, mark: '' };
  for (const time of times) last = taken.take(time);
  return last;
}

test('the next life expects the newest one again, takes nothing from before it, and says when there is more than was taken', () => {
  const times = [1, 2, 4, 5, 3].map((n) => AT + n);
  const { seq, mark } = handOver(times);
  assert.equal(seq, AT + 6);
  const next = createTaken();
  assert.equal(next.begin(seq, mark), AT + 5);
  for (const time of times) {
    assert.equal(next.judge(time), 'again');
    assert.equal(next.again(time), undefined);
    assert.equal(next.again(time), undefined, 'a repeat counts once');
  }
  // From before all that was taken, and from behind it.
  assert.equal(next.again(AT), undefined);
  assert.equal(next.judge(AT + 6), 'next');
  assert.equal(next.take(AT + 6).seq, AT + 7);

  const short = handOver([1, 2, 4, 5].map((n) => AT + n));
  const other = createTaken();
  other.begin(short.seq, short.mark);
  const said = times.slice(0, 4).map((time) => other.again(time));
  assert.deepEqual(said, Array(4).fill(undefined));
  const gap = other.again(AT + 3);
  assert.deepEqual(gap?.kind === 'gap' && [gap.reason, gap.since, gap.until], [
    'jump',
    Math.floor((AT + 1) / 1000),
    Math.ceil((AT + 5) / 1000),
  ]);
  assert.equal(other.again(AT + 3), undefined, 'it is said once');
});

test('a mark of another position, or none, expects nothing; a server of version 2 has one too', () => {
  const { seq, mark } = handOver([AT, AT + 1]);
  for (const [position, given] of [
    [seq + 1, mark],
    [seq, undefined],
    [seq, ''],
    [seq, `${seq} x 1 1`],
    ['live', mark],
  ] as const) {
    const taken = createTaken();
    assert.equal(taken.begin(position, given), undefined, String(given));
  }
  const two = createTaken();
  two.begin('oldest', undefined);
  two.pass(AT);
  const passed = two.pass(AT + 1).mark;
  assert.equal(two.begin(AT + 1, undefined), AT + 1);
  assert.equal(createTaken().begin(AT + 1, passed), AT + 1);
});

test('ten seconds are counted, what lies behind is not: nobody asks for it again', () => {
  const { mark } = handOver([AT, AT + 9_000_000, AT + 19_000_000]);
  assert.deepEqual(mark.split(' ').slice(0, 4).map(Number), [
    AT + 19_000_000,
    AT + 19_000_000,
    AT + 9_000_000,
    2,
  ]);
});

test('the next life knows some of what was taken, and that nothing else was among them', () => {
  const times = Array.from({ length: 10 }, (_, n) => AT + n * 1_000);
  const { seq, mark } = handOver(times);
  const next = createTaken();
  next.begin(seq, mark);
  for (const time of times) assert.deepEqual([next.isOurs(time), next.isOurs(time + 7)], [true, false]);
  // Beyond its ten seconds all counts as taken.
  assert.equal(next.isOurs(AT - 20_000_000), true);
});
