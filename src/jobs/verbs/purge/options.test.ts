import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { purgeOptions } from './options.ts';
import { purgeKind } from './purge.ts';

interface Job {
  readonly verb: string;
  readonly options: Readonly<Record<string, unknown>>;
}

test('proved-by is needed, names jobs that prove copies of this very folder, and as many places as copies', () => {
  const sync = (root: string, to: string) => ({ verb: 'sync', options: { sync: root, to } });
  const facts = {
    folder: '/etc/vahti',
    jobs: new Map<string, Job>([
      ['offsite', sync('data/firehose', 'a:/srv')],
      ['tape', sync('./data/firehose/', 'a:/srv')],
      ['other', sync('data/other', 'b:/srv')],
      ['archive', { verb: 'archive', options: { archive: 'data/firehose' } }],
    ]),
  };
  const problems = (options: Record<string, unknown>) =>
    purgeKind.problems?.(
      v.parse(purgeOptions, { root: '/etc/vahti/data/firehose', older: '14d', ...options }),
      facts,
    );
  const cases: readonly (readonly [object, readonly RegExp[]])[] = [
    [{}, [/^cannot do without "proved-by": nothing is deleted that no job has proved elsewhere/]],
    [{ 'proved-by': 'offsite' }, []],
    [
      { 'proved-by': 'ofsite' },
      [/^cannot be proved by "ofsite": there is no such job, did you mean "offsite"\?/],
    ],
    [
      { 'proved-by': 'archive' },
      [/^cannot be proved by "archive": archive proves no copy elsewhere; sync does$/],
    ],
    [
      { 'proved-by': 'other' },
      [/^cannot be proved by "other": it copies data\/other, and what is purged lies in/],
    ],
    [
      { 'proved-by': ['offsite', 'tape'] },
      [/^cannot have 2 copies on places of their own: .* copy to one place$/],
    ],
    [{ 'proved-by': ['offsite', 'tape'], copies: 1 }, []],
    [{ 'proved-by': 'offsite', older: '0s' }, [/^cannot use less than 1m for "older"/]],
  ];
  for (const [options, expected] of cases) {
    const found = problems(options as Record<string, unknown>) ?? [];
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
  }
  assert.throws(() => v.parse(purgeOptions, { root: 'd', 'proved-by': 'offsite' }), /older/);
});
