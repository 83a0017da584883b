import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkTrouble } from './network-error.ts';

const error = (code: string): Error => Object.assign(new Error(code), { code });

test('an error of a connection is told in words, with whose fault it is', () => {
  for (const [thrown, expected] of [
    [error('ECONNREFUSED'), { side: 'theirs', why: 'nothing listens there' }],
    [error('EPIPE'), { side: 'theirs', why: 'it closed the connection' }],
    [error('ENOTFOUND'), { side: 'ours', why: 'its name cannot be resolved' }],
    // Of several addresses the one that refused weighs more than the one without a network.
    [
      new AggregateError([error('ENETUNREACH'), error('ECONNREFUSED')]),
      { side: 'theirs', why: 'nothing listens there' },
    ],
    [new AggregateError([error('ENETUNREACH')]), { side: 'ours', why: 'there is no network to it' }],
    [error('CERT_HAS_EXPIRED'), undefined],
    [error('toString'), undefined],
    [new Error('no code'), undefined],
    ['no error at all', undefined],
    [undefined, undefined],
  ] as const)
    assert.deepEqual(networkTrouble(thrown), expected);
});
