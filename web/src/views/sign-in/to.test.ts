import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { safeTo } from './to.ts';

const origin = 'https://hub.example';

test('a path of the page is gone to, with what it asks', () => {
  assert.equal(safeTo('/jobs?job=alpha%2Fdump', origin), '/jobs?job=alpha%2Fdump');
  assert.equal(safeTo('/services/alpha/web', origin), '/services/alpha/web');
});

test('anything else leads to the overview', () => {
  const wrong = [
    null,
    '',
    'jobs',
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/.//evil.example/',
    '/x/..//evil.example/',
    '/\t/evil.example/',
    '\\\\evil.example',
    'javascript:alert(1)',
    '/sign-in?to=/',
    '/x/../sign-in',
    '/login?code=x',
    '/api/logout',
    '/ws',
  ];
  for (const text of wrong) assert.equal(safeTo(text, origin), '/', String(text));
});

test('nothing leads to another place', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '@',
    ':',
    '?',
    '#',
    '\t',
    '\n',
    'evil.example',
    'https:',
    'jobs',
    '%2f',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const to = safeTo(`/${pieces.join('')}`, origin);
      assert.equal(new URL(to, origin).origin, origin);
      assert.match(to, /^\/(?!\/)/);
    }),
    { numRuns: 20_000 },
  );
});
