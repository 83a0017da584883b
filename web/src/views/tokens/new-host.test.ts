import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { agentsIn, configLine, enrolLine, linkAddress, shellWord, tokenLines } from './new-host.ts';

test('the address of the link is that of the page', () => {
  assert.equal(linkAddress('https://hub.example'), 'wss://hub.example');
  assert.equal(linkAddress('http://127.0.0.1:7080'), 'ws://127.0.0.1:7080');
});

test('a shell reads a quoted word as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (text) => {
      const read = execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
      assert.equal(read, text);
    }),
    { numRuns: 25 },
  );
});

test('the lines for a new host', () => {
  assert.equal(tokenLines('vahti_a_9nh5'), `(umask 077; printf '%s\\n' vahti_a_9nh5 > hub-token)`);
  assert.equal(
    configLine('https://hub.example'),
    'hub: { url: "wss://hub.example", token: "file:hub-token" }',
  );
  assert.equal(
    enrolLine('https://hub.example', 'vahti_e_mhg3', 'alpha'),
    `curl -d '{"code":"vahti_e_mhg3","agent":"alpha"}' https://hub.example/api/enroll`,
  );
  assert.match(enrolLine('https://hub.example', 'c', ''), /"agent":"NAME"/);
});

test('agents are parted by commas or spaces, each once', () => {
  assert.deepEqual(agentsIn(' alpha, beta\nalpha  gamma,'), ['alpha', 'beta', 'gamma']);
  assert.deepEqual(agentsIn(' '), []);
});
