import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { runLines } from '../../../test/rig/line-sink.ts';
import { createEventSink, startEventServer } from '../../../test/rig/sse.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { parseMark } from './sse-mark.ts';
import { createSseSource, type SseOptions } from './sse.ts';

function source(url: URL, more: Partial<SseOptions> = {}) {
  return createSseSource({ url, random: () => 0, ...more });
}

test('an event is kept in the envelope of every line, with its type and id', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink(9);
  runLines(t, source(server.url, { timePath: ['at'] }), sink);
  const asked = await server.next();
  assert.deepEqual(
    [asked.request.headers.accept, asked.request.headers['accept-encoding'], asked.lastId],
    ['text/event-stream', 'identity', undefined],
  );
  asked.begin(
    '\ufeff: hello\nevent: price\nid: ä1\ndata: {"at":1783166400,\ndata: "n":12345678901234567890}\n\n',
  );
  asked.response.write('data: plain\ndata: text\n\nid: x\n\n');
  asked.response.write(Buffer.from('data: caf\xe9\n\n', 'latin1'));
  asked.response.write('data: {"a":"x\ndata: y"}\n\n');
  await sink.gather(4);
  assert.equal(
    sink.texts[0],
    '{"seq":10,"time":"2026-07-04T12:00:00.000Z","received":"2026-07-04T00:00:00.000Z","event":"price","id":"ä1","kind":"json","data":{"at":1783166400, "n":12345678901234567890}}\n',
  );
  const [, text, latin, broken] = sink.lines;
  assert.deepEqual([text?.seq, text?.event, text?.id, text?.line], [11, 'message', undefined, 'plain\ntext']);
  assert.deepEqual(
    [latin?.line, latin?.base64],
    ['caf\ufffd', Buffer.from('caf\xe9', 'latin1').toString('base64')],
  );
  // In JSON a line end within a text is none.
  assert.deepEqual([broken?.kind, broken?.line], ['line', '{"a":"x\ny"}']);
  assert.equal(parseMark(sink.marks()['']).id, 'x');
  assert.deepEqual(sink.told().slice(0, 2), ['connected', 'gap']);
});

test('with ids the next connection begins behind the last one that was taken, and there is no gap', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url), sink);
  const first = await server.next();
  first.begin('id: 1\ndata: a\n\nid: zwei ü\ndata: b\n\nid: 3\ndata: ha');
  await sink.gather(2);
  first.cut();
  const second = await server.next();
  assert.equal(second.lastId, 'zwei ü');
  second.begin('id: 3\ndata: half\n\n');
  await sink.gather(3);
  assert.deepEqual(sink.told(), ['connected', 'a', 'b', 'disconnected', 'connected', 'half']);
});

test('a new life begins behind the committed mark; without one, what was sent meanwhile is a gap', async (t) => {
  const server = await startEventServer(t);
  const before = createEventSink();
  const run = runLines(t, source(server.url), before);
  (await server.next()).begin('id: 5\ndata: a\n\n');
  await before.gather(1);
  await run.end();
  const later = createEventSink(1, { ...before.marks() });
  runLines(t, source(server.url), later);
  const asked = await server.next();
  assert.equal(asked.lastId, '5');
  asked.begin('id: 5\ndata: a\n\nid: 6\ndata: b\n\n');
  await later.gather(1);
  assert.deepEqual(later.told(), ['connected', 'b']);
  assert.equal(later.lines[0]?.seq, 2);
});

test('without ids an interruption is one gap, before the next event', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url), sink);
  const first = await server.next();
  first.begin('data: a\n\ndata: lost');
  await sink.gather(1);
  first.cut();
  const second = await server.next();
  assert.equal(second.lastId, undefined);
  second.begin();
  second.cut();
  (await server.next()).begin('data: b\n\ndata: c\n\n');
  await sink.gather(3);
  assert.deepEqual(
    sink.told().filter((told) => told !== 'connected' && told !== 'disconnected'),
    ['a', 'gap', 'b', 'c'],
  );
  const [gap] = sink.of('gap');
  assert.equal(gap?.reason, 'disconnected');
  assert.ok(gap.since !== undefined && gap.until !== undefined && gap.since <= gap.until);
});

test('an id that was taken back, or that no header can carry, is none to go on behind', async (t) => {
  for (const id of ['', 'a\x01b', 'x'.repeat(5_000)]) {
    const server = await startEventServer(t);
    const sink = createEventSink();
    const running = runLines(t, source(server.url), sink);
    const first = await server.next();
    first.begin(`id: 1\ndata: a\n\nid: ${id}\ndata: b\n\n`);
    await sink.gather(2);
    first.cut();
    const second = await server.next();
    assert.equal(second.lastId, undefined);
    second.begin('data: c\n\n');
    await sink.gather(3);
    assert.equal(sink.of('gap').length, 1);
    assert.equal(sink.of('info').length, id === '' ? 0 : 1);
    await running.end();
  }
});

test('a server that begins again with what was taken is understood; the same content under new ids is new', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url), sink);
  const first = await server.next();
  first.begin('id: 1\ndata: a\n\nid: 2\ndata: tick\n\nid: 2\ndata: other\n\n');
  await sink.gather(3);
  first.response.end();
  const second = await server.next();
  second.begin(
    'id: 1\ndata: a\n\nid: 2\ndata: tick\n\nid: 2\ndata: other\n\nid: 2\ndata: more\n\nid: 3\ndata: tick\n\n',
  );
  second.response.write('id: 3\ndata: tick\n\n');
  await sink.gather(6);
  assert.deepEqual(
    sink.lines.map(({ line }) => line),
    ['a', 'tick', 'other', 'more', 'tick', 'tick'],
  );
  assert.deepEqual(sink.of('gap'), []);
});

test('where ids are numbers without a hole, a server that could not go on is seen', async (t) => {
  const events = (from: number, to: number): string =>
    Array.from({ length: to - from + 1 }, (_, i) => `id: ${from + i}\ndata: ${from + i}\n\n`).join('');
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url), sink);
  const answers = [events(1, 30), events(31, 35), events(40, 41), events(1, 2)];
  for (const [i, answer] of answers.entries()) {
    const asked = await server.next();
    asked.begin(answer);
    await sink.gather([30, 35, 37, 39][i] ?? 0);
    asked.response.end();
  }
  assert.deepEqual(
    sink.of('gap').map(({ reason }) => reason),
    ['outdated', 'reset'],
  );
  const told = sink.told();
  assert.equal(told[told.indexOf('gap') + 1], '40');
});

test('of a too long event the beginning is told, and it is not asked for again', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url, { mostLineBytes: 100_000 }), sink);
  const first = await server.next();
  first.begin(`id: 1\ndata: a\n\nid: 2\ndata: ${'x'.repeat(300_000)}\ndata: y\n\n`);
  await until(() => parseMark(sink.marks()['']).id === '2', { what: 'the mark' });
  const [bad] = sink.of('bad');
  assert.equal(bad?.raw.length, 65_536);
  assert.match(String(bad.raw.subarray(0, 20)), /^id: 2\ndata: xxx/);
  first.cut();
  const second = await server.next();
  assert.equal(second.lastId, '2');
  second.begin('id: 3\ndata: b\n\n');
  await sink.gather(2);
  assert.deepEqual(sink.told(), ['connected', 'a', 'bad', 'id', 'disconnected', 'connected', 'b']);
  assert.equal(sink.lines[1]?.seq, 2);
});

test('a full sink stops the reading, and that is no silence', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url, { silenceMs: 100 }), sink);
  const asked = await server.next();
  asked.begin();
  sink.fill();
  const many = 3000;
  const text = `data: ${'x'.repeat(10_000)}\n\n`;
  const sent = new Promise((resolve) => {
    for (let i = 0; i < many; i++) asked.response.write(text, i === many - 1 ? resolve : undefined);
  });
  await assert.rejects(within(sent, { deadlineMs: 300, what: 'room' }), /in vain/);
  assert.ok(sink.lines.length < 200, `${sink.lines.length} events came into a full sink`);
  sink.empty();
  await sink.gather(many);
  assert.deepEqual(sink.of('disconnected'), []);
});

test('drain ends it at once, also while it waits for an answer', async (t) => {
  const server = await startEventServer(t);
  for (const answered of [true, false]) {
    const sink = createEventSink();
    const running = runLines(t, source(server.url), sink);
    const asked = await server.next();
    if (answered) {
      asked.begin('data: x\n\n');
      await sink.gather(1);
    }
    const closed = once(asked.request.socket, 'close');
    await running.end();
    await within(closed, { what: 'the end of the connection' });
    assert.deepEqual(sink.of('disconnected'), []);
  }
});
