import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alsoWith, askedOf, chipsOf, problemsIn, readFilter } from './filter.ts';

test('an address is read as it was written; each chip leads to the address without it', () => {
  const query = new URLSearchParams(
    'agent=a&agent=b&agent=a&field=http.status%3D500&text=%20boom&level=warn&window=6h&x=1',
  );
  const filter = readFilter(query);
  assert.deepEqual(filter.agent, ['a', 'b']);
  assert.equal(filter.text, ' boom');
  assert.deepEqual(askedOf(filter), {
    agent: ['a', 'b'],
    field: ['http.status=500'],
    level: 'warn',
    text: ' boom',
  });
  const chips = chipsOf(filter);
  assert.deepEqual(
    chips.map(({ key, value }) => [key, value]),
    [
      ['level', 'warn'],
      ['text', ' boom'],
      ['agent', 'a'],
      ['agent', 'b'],
      ['field', 'http.status=500'],
    ],
  );
  assert.deepEqual(chips[2]?.changes, { agent: ['b'] });
  assert.deepEqual(chips[0]?.changes, { level: undefined });
  assert.deepEqual(chipsOf(readFilter(new URLSearchParams())), []);
  assert.deepEqual(alsoWith(filter, 'agent', 'a'), { agent: ['b', 'a'] });
});

test('what the hub says is wrong is told parameter by parameter, whatever an expression has in it', () => {
  const message =
    'cannot answer this: level: there is no level "warm", did you mean "warn"?; matches: the expression "a; b: (" cannot be used: missing )';
  assert.deepEqual(
    [...problemsIn(message)],
    [
      ['level', 'there is no level "warm", did you mean "warn"?'],
      ['matches', 'the expression "a; b: (" cannot be used: missing )'],
    ],
  );
  assert.deepEqual(
    [...problemsIn('cannot answer this: since and window: give one of them')],
    [['', 'since and window: give one of them']],
  );
});
