import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/rig/leaks.ts';
import { resolveEnvironment } from './environment.ts';

test('values are taken as written, from the environment, or from a file without its last newline', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'secret'), 'pass word\n\n');
  const written = { PLAIN: 'a $HOME b', FROM_ENV: '$TOKEN', FROM_FILE: 'file:secret' };
  assert.deepEqual(resolveEnvironment(written, folder, { PATH: '/bin', TOKEN: 't', PLAIN: 'old' }), {
    ok: true,
    value: { PATH: '/bin', TOKEN: 't', PLAIN: 'a $HOME b', FROM_ENV: 't', FROM_FILE: 'pass word\n' },
  });
});

test('what is missing is named, never its neighbours’ values', (t) => {
  const folder = tempFolder(t);
  const unset = resolveEnvironment({ A: '$NOT_THERE' }, folder, { SECRET: 'x' });
  assert.deepEqual(unset, { ok: false, error: 'cannot set A: $NOT_THERE is not set' });
  const missing = resolveEnvironment({ B: 'file:nowhere' }, folder, {});
  assert.ok(!missing.ok && missing.error.startsWith('cannot set B: ENOENT'));
});

test('a file too large for a secret is refused', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'big'), 'x'.repeat(70_000));
  const result = resolveEnvironment({ C: 'file:big' }, folder, {});
  assert.ok(!result.ok && /larger than 65536 bytes/.test(result.error));
});
