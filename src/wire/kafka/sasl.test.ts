import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogin } from './sasl.ts';

/** RFC 7677, section 3. */
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_FIRST = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const CLIENT_FINAL = `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

test('SCRAM as its specification shows it; a server that does not know the password is not believed', () => {
  const login = createLogin('scram-sha-256', 'user', 'pencil', NONCE);
  assert.equal(login.first.toString(), `n,,n=user,r=${NONCE}`);
  const final = login.next(Buffer.from(SERVER_FIRST));
  assert.equal(final.ok && String(final.value), CLIENT_FINAL);
  assert.deepEqual(login.next(Buffer.from(SERVER_FINAL)), { ok: true, value: undefined });
  const fooled = createLogin('scram-sha-256', 'user', 'pencil', NONCE);
  fooled.next(Buffer.from(SERVER_FIRST));
  assert.equal(fooled.next(Buffer.from('v=AAAA')).ok, false);
});

test('a challenge that is not the answer to ours, or costs too much or too little, ends the login', () => {
  for (const said of [
    SERVER_FIRST.replace(NONCE, 'another'),
    `r=${NONCE},s=AAAA,i=4096`,
    SERVER_FIRST.replace('4096', '1'),
    SERVER_FIRST.replace('4096', '99999999'),
    'nonsense',
  ])
    assert.equal(
      createLogin('scram-sha-256', 'user', 'pencil', NONCE).next(Buffer.from(said)).ok,
      false,
      said,
    );
});

test('PLAIN says it in one, and names are quoted in SCRAM', () => {
  assert.equal(createLogin('plain', 'me', 'x').first.toString(), '\0me\0x');
  assert.match(createLogin('scram-sha-512', 'a=b,c', 'x').first.toString(), /^n,,n=a=3Db=2Cc,r=.{32}$/);
});
