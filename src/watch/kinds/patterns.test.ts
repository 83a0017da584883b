import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { once } from 'node:events';
import * as http from '../../core/http.ts';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { onEnd } from '../../../test/rig/leaks.ts';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { httpKind } from './http.ts';
import { lag } from './lag.ts';
import { record } from './record.ts';

/** On a text such as this one a backtracking engine would look for `(a+)+$` longer than the universe is old. */
const LINE = `${'a'.repeat(50_000)}!`;
const EVIL = '(a+)+$';
/** CPU of a look: on a quiet machine it is below 0.1 s. */
const MOST_MS = 2000;

/** A look does not hold up the daemon: what it takes of the CPU is bounded. */
async function cheaply<T>(look: () => Promise<T>): Promise<T> {
  const began = process.cpuUsage();
  const found = await look();
  const { user } = process.cpuUsage(began);
  assert.ok(user / 1000 < MOST_MS, `it took ${user / 1000} ms`);
  return found;
}

async function serve(t: TestContext, body: string): Promise<string> {
  const server = http.createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  onEnd(t, () => new Promise<void>((resolve) => void server.close(() => resolve())));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('a pattern that backtracks for ever holds up no look of http', { timeout: 30_000 }, async (t) => {
  const url = await serve(t, LINE);
  const watch = openWatch(t, httpKind, { url, expect: `body matches /${EVIL}/` });
  assert.equal((await cheaply(() => watch.look())).verdict, 'bad');
});

test('nor one of record and lag, in expressions and in patterns of lines', { timeout: 30_000 }, async (t) => {
  const prepare = (folder: string): void => fs.writeFileSync(`${folder}/a.log`, '');
  const pattern = `(?<word>${EVIL})`;
  const [where, bad] = [`word matches /${EVIL}/`, 'word matches /(b|bb)+$/'];
  const records = openWatch(t, record, { file: 'a.log', pattern, where, bad }, { prepare });
  const events = openWatch(t, lag, { field: 'word', file: 'a.log', pattern, max: '1m' }, { prepare });
  const json = openWatch(t, record, { file: 'a.log', bad: `message matches /${EVIL}/` }, { prepare });
  for (const watch of [records, events, json]) {
    await watch.look();
    fs.appendFileSync(`${watch.folder}/a.log`, `${LINE}\n`.repeat(10));
  }
  fs.appendFileSync(`${json.folder}/a.log`, `${JSON.stringify({ message: LINE })}\n`);
  assert.equal(
    (await cheaply(() => records.look())).verdict,
    'ok',
    'of a line so many count that it ends with a',
  );
  assert.equal((await cheaply(() => events.look())).verdict, 'late');
  assert.equal((await cheaply(() => json.look())).verdict, 'ok');
});

test('what cannot be bounded is refused when the config is read', () => {
  const why = 'which could take for ever: write it without';
  assert.deepEqual(complaints(record, { bad: 'level == "x"', pattern: '(?<a>.)(?=b)' }), [
    `cannot use this regular expression: it has look-around \`(?=\`, ${why}`,
  ]);
  assert.deepEqual(complaints(httpKind, { url: 'http://u/', expect: 'body matches /(a)\\1/' }), [
    `cannot use this regular expression: it has a back reference \`\\1\`, ${why} (column 14)`,
  ]);
});
