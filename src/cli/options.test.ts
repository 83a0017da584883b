import assert from 'node:assert/strict';
import { test } from 'node:test';
import { someOf } from './options.ts';

const read = someOf(['done', 'failed', 'gone']);

test('some of a list of words are read in the order of the list, each once, and `all` is all', () => {
  assert.deepEqual(read('failed, done,failed'), ['done', 'failed']);
  assert.deepEqual(read('all'), ['done', 'failed', 'gone']);
});

test('a word that is none of the list is refused, and the list is named', () => {
  for (const text of ['done,faild', '', 'done,', 'all,done'])
    assert.throws(
      () => read(text),
      { message: 'Write some of done, failed, gone, with commas between, or all.' },
      text,
    );
});
