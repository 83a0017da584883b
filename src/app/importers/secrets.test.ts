import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecrets, placeEnvironment } from './environment.ts';
import { looksSecret, secretNotes } from './secrets.ts';

test('names and values that look like secrets are told from those that do not', () => {
  const secret = [
    ...[
      'API_KEY',
      'TOKEN',
      'DB_PASSWORD',
      'SECRET_KEY_BASE',
      'apiKey',
      'AWS_SECRET_ACCESS_KEY',
      'MYSQL_PWD',
      'x-auth',
    ].map((name) => [name, 'x1'] as const),
    ['DATABASE_URL', 'postgres://u:p@h/d'] as const,
    ['REDIS_URL', 'redis://:p@h:6379/0'] as const,
    ['PEM', '-----BEGIN PRIVATE KEY-----'] as const,
    ['HUB', `ghp_${'a'.repeat(36)}`] as const,
  ];
  const open = [
    ...[
      'PORT',
      'KEYBOARD',
      'MONKEY',
      'TOKEN_TTL',
      'SSL_KEY_FILE',
      'PUBLIC_KEY',
      'PWD',
      'KEY_ID',
      'AUTH_METHOD',
    ].map((name) => [name, 'x1'] as const),
    ['API_KEY', ''] as const,
    ['USE_TOKEN', 'true'] as const,
    ['URL', 'http://h:80/x@y'] as const,
    ['URL', 'https://user@h/'] as const,
  ];
  for (const [name, value] of secret) assert.equal(looksSecret(name, value), true, `${name}=${value}`);
  for (const [name, value] of open) assert.equal(looksSecret(name, value), false, `${name}=${value}`);
});

test('a command with a secret in it is told of, without the secret', () => {
  assert.equal(secretNotes(['x', '--token=made-up', '--password', 'hidden', '--port', '80']).length, 2);
  assert.equal(secretNotes(['sh', '-c', 'exec x --api-key made-up']).length, 1);
  assert.doesNotMatch(secretNotes(['x', '--token=made-up', 'pg://u:hidden@h/']).join(' '), /made-up|hidden/);
  assert.deepEqual(secretNotes(['x', '--token', '--verbose', '-p', '80', 'key.pem']), []);
});

test('a secret that two services set to different values has two names', () => {
  const secrets = createSecrets();
  const tokenOf = (service: string, TOKEN: string) =>
    placeEnvironment(service, { TOKEN }, secrets).env['TOKEN'];
  assert.deepEqual(
    [tokenOf('a', '1'), tokenOf('b', '1'), tokenOf('web.api-2', '2'), tokenOf('web.api-2', '3')],
    ['$TOKEN', '$TOKEN', '$WEB_API_2_TOKEN', '$WEB_API_2_TOKEN_3'],
  );
  assert.deepEqual(secrets.names(), ['TOKEN', 'WEB_API_2_TOKEN', 'WEB_API_2_TOKEN_3']);
});

test('what env: cannot say goes through env(1), and what nothing can say is told', () => {
  const { env, words, notes } = placeEnvironment(
    'a',
    { A: '$HOME', B: 'file:x', C: '$HOME/x', 'd.e': 'f', 'd.token': 'made-up', VAHTI_LIFE: 'x', '': 'y' },
    createSecrets(),
  );
  assert.deepEqual(env, { C: '$HOME/x' });
  assert.deepEqual(words, ['A=$HOME', 'B=file:x', 'd.e=f']);
  assert.equal(notes.filter((note) => note.startsWith('not taken over')).length, 3);
  assert.doesNotMatch(notes.join(' '), /made-up/);
});
