import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailedFile } from '../ledger/failing.ts';
import { type Episode, MOST_NEWS, newsWanted, nextTelling, QUIET } from './episode.ts';
import { failureWords } from './words.ts';

const HOUR = 3_600_000;
const usual = { digestMs: HOUR, held: false };

function failed(
  id: number,
  ended: number,
  why = 'LB: exit code 1: no header',
  path = `${id}.in`,
): FailedFile {
  return { id, origin: 'inbox', path, why, ended };
}

function failing(news: readonly FailedFile[], bad = news.length, again = 0) {
  return { news, isBad: bad > 0, again };
}

/** What is true after something was told. */
function told(before: Episode, news: readonly FailedFile[], now: number): Episode {
  const telling = nextTelling(before, failing(news), now, usual);
  assert.ok(telling !== undefined);
  return telling.next;
}

test('the first failure is told at once, others once in an interval, the end when all of them are done again', () => {
  assert.equal(nextTelling(QUIET, failing([]), 0, usual), undefined);
  const first = nextTelling(QUIET, failing([failed(1, 10)]), 20, usual);
  assert.deepEqual([first?.what, first?.since, first?.count], ['first', 10, 1]);
  const one = told(QUIET, [failed(1, 10)], 20);
  assert.equal(nextTelling(one, failing([], 1), 5 * HOUR, usual), undefined, 'nothing new');
  const more = [failed(2, 30), failed(3, 40)];
  assert.equal(nextTelling(one, failing(more, 3), HOUR + 19, usual), undefined, 'too early');
  const digest = nextTelling(one, failing(more, 3), HOUR + 20, usual);
  assert.deepEqual([digest?.what, digest?.news.length, digest?.count], ['digest', 2, 3]);
  const three = told(one, more, HOUR + 20);
  assert.deepEqual([three.ended, three.id, three.files], [40, 3, [1, 2, 3]]);
  // One is still done again: it may fail again.
  assert.equal(nextTelling(three, failing([], 0, 1), 3 * HOUR, usual), undefined);
  const over = nextTelling(three, failing([], 0, 0), 3 * HOUR, usual);
  assert.deepEqual([over?.what, over?.since, over?.count], ['over', 10, 3]);
  assert.deepEqual(nextTelling(over?.next ?? QUIET, failing([]), 4 * HOUR, usual), undefined, 'once');
  // What fails then begins anew, at once.
  const next = nextTelling(over?.next ?? QUIET, failing([failed(4, 4 * HOUR)]), 4 * HOUR, usual);
  assert.deepEqual([next?.what, next?.count], ['first', 1]);
});

test('while people want no word only the end is told; then what failed meanwhile', () => {
  const held = { digestMs: HOUR, held: true };
  assert.equal(nextTelling(QUIET, failing([failed(1, 10)]), 20, held), undefined);
  assert.equal(nextTelling(QUIET, failing([failed(1, 10)]), 20, usual)?.what, 'first');
  const one = told(QUIET, [failed(1, 10)], 20);
  assert.equal(nextTelling(one, failing([failed(2, 30)], 2), 3 * HOUR, held), undefined);
  assert.equal(nextTelling(one, failing([], 0), 3 * HOUR, held)?.what, 'over');
});

test('no more is asked for than whether something failed, while that is not told', () => {
  const one = told(QUIET, [failed(1, 10)], 20);
  assert.equal(newsWanted(QUIET, 20, usual), MOST_NEWS);
  assert.equal(newsWanted(QUIET, 20, { ...usual, held: true }), 1);
  assert.equal(newsWanted(one, HOUR + 19, usual), 1);
  assert.equal(newsWanted(one, HOUR + 20, usual), MOST_NEWS);
  assert.equal(newsWanted(one, HOUR + 20, { ...usual, held: true }), 1);
  assert.equal(newsWanted(one, 10, usual), MOST_NEWS, 'a wall clock that went back');
});

test('a wall clock that goes back makes nobody wait; only the newest files are remembered', () => {
  const one = told(QUIET, [failed(1, 50 * HOUR)], 50 * HOUR);
  assert.equal(nextTelling(one, failing([failed(2, 51 * HOUR)], 2), 10 * HOUR, usual)?.what, 'digest');
  const many = told(
    QUIET,
    Array.from({ length: 3000 }, (_, id) => failed(id, id)),
    5000,
  );
  assert.equal(many.files.length, 1000);
  assert.equal(many.files.at(-1), 2999);
  assert.equal(many.count, 3000);
});

test('failures are counted by step and reason, with some names, and where their logs are', () => {
  const plan = {
    inboxes: [{ name: 'inbox', root: '/in' }],
    products: '/products',
    logs: '/logs',
    steps: [{ name: 'LB' }, { name: 'L0' }],
  } as unknown as Parameters<typeof failureWords>[1];
  const news = [
    ...Array.from({ length: 7 }, (_, id) => failed(id, id, `LB: exit code 1: cannot read /in/${id}.in`)),
    failed(8, 8, 'L0: timed out after 1h'),
    failed(9, 9, 'other content under a known name: it was taken before'),
  ];
  const about = { now: HOUR, host: 'box' };
  const { title, lines } = failureWords('tm', plan, { what: 'first', news, since: 0, count: 9 }, about);
  assert.equal(title, 'tm: 9 files failed on box: LB: exit code 1: cannot read …, and 2 more reasons');
  assert.deepEqual(lines.filter((line) => !line.startsWith(' ')).slice(0, 3), [
    'LB: exit code 1: cannot read …: 7 files',
    'L0: timed out after 1h: 1 file',
    'inbox: other content under a known name: it was taken before: 1 file',
  ]);
  assert.ok(
    lines.includes('  /in/6.in') &&
      lines.includes('      log: /logs/6.in.log.err') &&
      lines.includes('  … and 2 more'),
  );
  const over = failureWords('tm', plan, { what: 'over', news: [], since: 0, count: 9 }, about);
  assert.equal(over.title, 'tm: nothing is failed any more on box, after 1h');
});
