import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { didYouMean, suggest } from './suggest.ts';

test('a typing mistake finds its word', () => {
  const keys = ['services', 'notify', 'jobs', 'zone', 'quiet', 'defaults', 'no-restart-on'];
  for (const [word, meant] of [
    ['servcies', 'services'],
    ['service', 'services'],
    ['Notify', 'notify'],
    ['job', 'jobs'],
    ['noRestartOn', 'no-restart-on'],
    ['no_restart_on', 'no-restart-on'],
    ['xylophone', undefined],
    ['a', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(suggest(word, keys), meant, word);
  }
});

test('a beginning is preferred to a typing mistake, a difference of case to both', () => {
  assert.equal(suggest('wat', ['cat', 'watch']), 'watch');
  assert.equal(suggest('serv', ['services', 'serve']), 'serve');
  assert.equal(suggest('ab', ['abc', 'AB']), 'AB');
});

test('two swapped letters are one mistake', () => {
  assert.equal(suggest('eh', ['he']), undefined);
  assert.equal(suggest('teh', ['the']), 'the');
});

test('a word is never suggested for itself, and nothing far is', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (word, candidates) => {
      const found = suggest(word, candidates);
      assert.notEqual(found, word);
      assert.ok(found === undefined || candidates.includes(found));
    }),
  );
});

test('the end of a message quotes the suggestion, or says nothing', () => {
  assert.equal(didYouMean('levl', ['level']), ', did you mean "level"?');
  assert.equal(didYouMean('levl', ['status']), '');
});
