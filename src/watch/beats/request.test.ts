import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutMessage, MESSAGE_BYTES } from './beat.ts';
import { readBeatRequest } from './request.ts';

test('a request is read as the ping API of Healthchecks has it', () => {
  const said = (word: string, code: number | null = null, rid = '') => ({
    token: 'Ab-9_',
    signal: { word, code, rid },
  });
  for (const [method, target, expected] of [
    ['GET', '/beat/Ab-9_', said('success')],
    ['HEAD', '/beat/Ab-9_/success', said('success')],
    ['POST', '/beat/Ab-9_/start', said('start')],
    ['GET', '/beat/Ab-9_/fail', said('fail')],
    ['GET', '/beat/Ab-9_/log', said('log')],
    ['GET', '/beat/Ab-9_/0', said('success', 0)],
    ['GET', '/beat/Ab-9_/255', said('fail', 255)],
    ['GET', '/beat/Ab-9_/007?rid=8ad6-1:x.y', said('fail', 7, '8ad6-1:x.y')],
    ['GET', '/beat/Ab-9_?rid=a&other=1', said('success', null, 'a')],
    ['GET', '/beat/Ab-9_?rid=', said('success')],
  ] as const)
    assert.deepEqual(readBeatRequest(method, target), expected, `${method} ${target}`);
});

test('anything else is refused', () => {
  for (const [method, target, status] of [
    ['PUT', '/beat/Ab', 405],
    ['', '/beat/Ab', 405],
    ['GET', '/beat/Ab/256', 400],
    ['GET', '/beat/Ab/999999999', 400],
    ['GET', '/beat/Ab?rid=a%20b', 400],
    ['GET', `/beat/Ab?rid=${'a'.repeat(65)}`, 400],
    ['GET', '/beat/Ab/-1', 404],
    ['GET', '/beat/Ab/9999999999', 404],
    ['GET', '/beat/Ab/nope', 404],
    ['GET', '/beat/Ab/start/', 404],
    ['GET', '/beat/Ab/start/x', 404],
    ['GET', '/beat/', 404],
    ['GET', '/beat', 404],
    ['GET', '/', 404],
    ['GET', '', 404],
    ['GET', '/beat/Ab%2Fstart', 404],
    ['GET', `/beat/${'a'.repeat(65)}`, 404],
    ['GET', 'http://elsewhere/beat/Ab', 404],
  ] as const) {
    const read = readBeatRequest(method, target);
    assert.equal('status' in read && read.status, status, `${method} ${target}`);
  }
});

test('of a message so much is kept as is promised, without half a character', () => {
  assert.equal(cutMessage(Buffer.from('all | done')), 'all | done');
  assert.equal(cutMessage(Buffer.alloc(MESSAGE_BYTES + 5, 'x')).length, MESSAGE_BYTES);
  const wide = cutMessage(Buffer.from(`x${'é'.repeat(MESSAGE_BYTES)}`));
  assert.equal(wide, `x${'é'.repeat(MESSAGE_BYTES / 2 - 1)}`);
  assert.equal(cutMessage(Buffer.from([0x61, 0xff, 0x62])), 'a\ufffdb');
});
