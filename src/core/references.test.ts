import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/rig/leaks.ts';
import { fillReferences, isReference, resolveReference } from './references.ts';

const ENV = { TOKEN: 's3cret', A: '$TOKEN', EMPTY: '' };

test('a reference stands for a variable or a file, whole or within a text, and what it stood for is known', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'secret'), 'from a file\n');
  for (const [text, filled, secrets] of [
    ['plain', 'plain', []],
    ['$TOKEN', 's3cret', ['s3cret']],
    ['$A', '$TOKEN', ['$TOKEN']],
    ['file:secret', 'from a file', ['from a file']],
    ['Bearer $TOKEN', 'Bearer s3cret', ['s3cret']],
    ['$TOKEN/$A/$', 's3cret/$TOKEN/$', ['s3cret', '$TOKEN']],
    ['x$EMPTY', 'x', ['']],
    ['a file:secret', 'a file:secret', []],
  ] as const)
    assert.deepEqual(fillReferences(text, folder, ENV), { ok: true, value: { text: filled, secrets } });
  for (const text of ['$NOT_THERE', 'a $NOT_THERE b'])
    assert.deepEqual(fillReferences(text, folder, ENV), { ok: false, error: '$NOT_THERE is not set' });
  const missing = resolveReference('file:nowhere', folder, ENV);
  assert.ok(!missing.ok && missing.error.startsWith('ENOENT'));
  // A text with more than a name is no reference of its own.
  assert.deepEqual(resolveReference('Bearer $TOKEN', folder, ENV), { ok: true, value: 'Bearer $TOKEN' });
});

test('only what is a reference whole may be shown as it is written', () => {
  assert.deepEqual(['$A', 'file:x', 'Bearer $A', 'x', '$A-b', '$'].map(isReference), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
