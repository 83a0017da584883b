import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createJetstreamV2Simulator } from '../../src/simulate/jetstream-v2/server.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { startRelay } from '../rig/relay.ts';
import { startEventServer } from '../rig/sse.ts';
import { jsonLines, startDaemon, type TestDaemon, vahti } from '../rig/vahti.ts';

interface Line {
  readonly seq: number;
  readonly id?: string;
  readonly data?: { readonly n: number };
}

/** Kills the collector in the midst of its work, so many times, and lets it collect a little more. */
async function killOften(daemon: TestDaemon, name: string, kills: number): Promise<void> {
  for (let i = 0; i < kills; i += 1) {
    const before = await daemon.waitFor(
      name,
      'to collect',
      ({ figures }) => figures?.connection === 'connected' && figures.lines > 0,
    );
    const lines = (before.figures?.lines ?? 0) + 100;
    const grown = await daemon.waitFor(name, 'to grow', ({ figures }) => (figures?.lines ?? 0) > lines);
    process.kill(grown.pid as number, 'SIGKILL');
    await daemon.waitFor(
      name,
      'to grow in another life',
      ({ pid, figures }) => pid !== grown.pid && (figures?.lines ?? 0) > lines + 50,
    );
  }
}

async function collected(daemon: TestDaemon, name: string): Promise<Line[]> {
  await daemon.stop();
  assert.equal((await daemon.cli('collect', 'verify', name)).code, 0);
  assert.equal((await daemon.cli('collect', 'gaps', name)).stdout, 'no gap is known\n');
  return jsonLines<Line>((await daemon.cli('collect', 'tail', name, '--from', '0')).stdout);
}

/** A stream of numbered events that has all that it ever sent; cuts each connection off somewhere, and begins some a little too early. */
async function startNumbers(t: TestContext): Promise<string> {
  const event = (n: number): string => `id: ${n}\ndata: {"n":${n}}\n\n`;
  const began = performance.now();
  const server = await startEventServer(t, (asked, connection) => {
    const { response, lastId } = asked;
    let next = Math.max(1, Number(lastId ?? 0) + 1 - (connection % 3) * 5);
    const most = next + (connection % 2 === 0 ? 5_000 : 60 + connection * 7);
    asked.begin();
    const timer = setInterval(() => {
      const due = Math.min(most, (performance.now() - began) / 2);
      let text = '';
      while (next <= due) text += event(next++);
      // What is cut off in the middle comes again.
      if (next > most) response.end(text + event(next).slice(0, -1));
      else if (text !== '') response.write(text);
    }, 5);
    response.on('close', () => clearInterval(timer));
    onEnd(t, () => clearInterval(timer));
  });
  return server.url.href;
}

test('server-sent events are collected through kills, each once and in order', async (t) => {
  leakCheck(t);
  const url = await startNumbers(t);
  const yaml = `services: { numbers: { collect: { from: "sse+${url}", into: data } } }\n`;
  const daemon = await startDaemon(t, yaml);
  await killOften(daemon, 'numbers', 2);
  const lines = await collected(daemon, 'numbers');
  assert.ok(lines.length > 300, `${lines.length} lines`);
  assert.deepEqual(
    lines.map(({ seq, id, data }) => [seq, id, data?.n]),
    lines.map((_, i) => [i + 1, String(i + 1), i + 1]),
  );
});

test('a Jetstream of version 2 is collected through kills, each event once and in order', async (t) => {
  leakCheck(t);
  const relay = createJetstreamV2Simulator({
    host: '127.0.0.1',
    port: 0,
    rate: 300,
    seed: 7,
    faults: (connection) => (connection % 2 === 0 ? [] : [{ kind: 'cut', afterEvents: 60 + connection * 7 }]),
  });
  await startRelay(t, relay);
  const url = `ws://${relay.address()}/xrpc/network.bsky.jetstream.subscribeEvents`;
  const yaml = `services: { jet: { collect: { from: "${url}", into: data, cursor: oldest } } }\n`;
  const daemon = await startDaemon(t, yaml);
  await killOften(daemon, 'jet', 2);
  const lines = await collected(daemon, 'jet');
  // The simulator leaves no number out.
  assert.deepEqual(
    lines.map(({ seq }) => seq),
    lines.map((_, i) => i + 1),
  );
});

test('what these streams cannot be asked is said by check, at its place', async (t) => {
  const folder = tempFolder(t);
  const path = '/xrpc/network.bsky.jetstream.subscribeEvents';
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services:
  a: { collect: { from: "sse+https://x/", into: a, cursor: 5 } }
  b: { collect: { from: "http://x/", into: b, send: hello } }
  c: { collect: { from: "sse+https:x", into: c } }
  d: { collect: { from: "ws://x${path}?wantedCollections=a.b.c", into: d } }
  e: { collect: { from: "ws://x${path}", into: e, cursor: 1783166400000000 } }
  f: { collect: { from: "ws://x${path}?kinds=commit", into: f, cursor: 5 } }
  g: { collect: { from: "https://x/", into: g, silence: 1m, time: at } }
`,
  );
  const checked = await vahti(t, ['check'], folder);
  assert.equal(checked.code, 2);
  const errors = checked.stderr.split('\n').filter((line) => line.includes('error:'));
  const says = [
    /:2:\d+: error: cannot begin at a number: events of an event stream have none/,
    /:3:\d+: error: cannot `send` anything/,
    /:4:\d+: error: cannot collect from sse\+https:x: write sse\+https:\/\/HOST/,
    /:5:\d+: error: cannot ask with wantedCollections, it is of \/subscribe \(version 1\)/,
    /:6:\d+: error: cannot begin at 1783166400000000: from 10\^15 on it is a time/,
  ];
  assert.equal(errors.length, says.length, errors.join('\n'));
  for (const [i, each] of says.entries()) assert.match(errors[i] ?? '', each);
});
