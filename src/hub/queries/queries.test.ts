import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, createSender } from '../../../test/rig/hub-asking.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { registerQueries } from './routes.ts';
import type { Row } from '../../wire/hub/row.ts';

test('records, neighbours, counts, values and an export are asked for by HTTP', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerQueries] });
  const send = createSender(hub);
  const token = hub.userToken('ann', 'view');
  await send('alpha', [
    { service: 'web', message: 'GET / 200', level: 9, fields: '{"http.status":200,"who":{"name":"x"}}' },
    { service: 'web', message: '=cmd|calc', level: 17, sender: 'stderr', fields: '{"http.status":500}' },
    { service: 'db', message: 'slow, "very"\nslow', level: 13, kind: 'flip' },
  ]);
  await send('beta', [{ service: 'web', message: 'GET /x 404', host: 'other' }]);
  const get = async (path: string) => {
    const answer = await ask(hub, path, token);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const messages = async (query: string) =>
    ((await get(`/api/records?${query}`)).body['rows'] as Row[]).map(({ message }) => message);
  assert.deepEqual(await messages('agent=alpha&service=web'), ['=cmd|calc', 'GET / 200']);
  assert.deepEqual(await messages('level=warn&levelMax=warn'), ['slow, "very"\nslow']);
  assert.deepEqual(await messages('field=http.status=500'), ['=cmd|calc']);
  assert.deepEqual(await messages('field=who.name=x&text=get'), ['GET / 200']);
  assert.deepEqual(await messages('matches=GET.*404%24&host=other'), ['GET /x 404']);
  assert.deepEqual(await messages('since=1h&until=now&words=get%20404'), ['GET /x 404']);
  assert.deepEqual(await messages('until=1h'), []);
  const first = (await get('/api/records?limit=3')).body;
  const rest = (await get(`/api/records?cursor=${String(first['next'])}`)).body;
  assert.equal((first['rows'] as Row[]).length + (rest['rows'] as Row[]).length, 4);
  assert.deepEqual([rest['next'], rest['cut']], [null, false]);
  const row = (await get('/api/records?text=calc')).body['rows'] as Row[];
  const near = (await get(`/api/context?position=${row[0]?.position}&of=agent`)).body;
  assert.deepEqual(
    [(near['before'] as Row[])[0]?.message, (near['after'] as Row[])[0]?.message],
    ['GET / 200', 'slow, "very"\nslow'],
  );
  const { counts } = (await get('/api/counts?window=10m&step=1m&service=web')).body as {
    counts: { total: number; levels: object }[];
  };
  assert.equal(
    counts.reduce((sum, { total }) => sum + total, 0),
    3,
  );
  const { cut, ...values } = (await get('/api/values?window=1h')).body;
  assert.deepEqual(values, {
    agents: ['alpha', 'beta'],
    hosts: ['box', 'other'],
    services: ['db', 'web'],
    kinds: ['flip', 'log'],
    senders: ['stderr', 'stdout'],
  });
  const csv = await get('/api/export?format=csv&agent=alpha');
  assert.match(
    csv.text,
    /^id,position,time,.*\r\nalpha\/3,.*"slow, ""very""\nslow",\r\nalpha\/2,.*,'=cmd\|calc,"\{""http/,
  );
  const exported = await get('/api/export');
  assert.equal(exported.text.split('\n').length, 5);
  assert.deepEqual([exported.trailers, cut], [{}, false]);
});

test('all that is wrong with a question is named, and nobody is told more', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerQueries] });
  const token = hub.userToken('ann', 'view');
  const table = [
    [
      'records?limit=0&since=yesterday',
      'cannot answer this: limit: "0" is no whole number from 1 to 10000; since: "yesterday" is no time: write 2h (ago), 2026-11-22T01:00Z, or microseconds since 1970',
    ],
    ['records?levle=info', 'cannot answer this: "levle" is unknown here, did you mean "level"?'],
    ['records?level=warm', 'cannot answer this: level: there is no level "warm", did you mean "warn"?'],
    [
      'records?matches=(',
      'cannot answer this: matches: the expression "(" cannot be used: missing closing ): `(`',
    ],
    ['records?cursor=x', 'cannot answer this: cursor: "x" is no cursor: give the next of an answer'],
    [
      'records?since=1700000000',
      'cannot answer this: since: "1700000000" is no time of our days in microseconds: write 2h (ago), 2026-11-22T01:00Z, or microseconds since 1970',
    ],
    ['records?since=1h&window=2h', 'cannot answer this: since and window: give one of them'],
    ['records?since=1h&until=2h', 'cannot answer this: since: it is not before until'],
    ['records?text=a&text=b', 'cannot answer this: text: ["a","b"] is no text of 1000 characters at most'],
    ['records?agent=a&agents=b', 'cannot answer this: agents: it is there twice'],
    ['records?field=x', 'cannot answer this: field: "x" is no field: write a.b=value'],
    ['counts?window=30d&step=1s', 'cannot answer this: step: there would be over 2000 of them'],
    ['context', 'cannot answer this: position: it is missing'],
    ['tail?position=1&last=2', 'cannot follow: position and last: give one of them'],
    ['export?format=xml', 'cannot export: format: "xml" is neither of ndjson, csv'],
  ] as const;
  for (const [path, message] of table) {
    const answer = await ask(hub, `/api/${path}`, token);
    assert.deepEqual([answer.status, answer.body], [400, { error: { code: 'invalid', message } }]);
  }
  const missing = await ask(hub, '/api/context?position=7', token);
  assert.deepEqual(
    [missing.status, missing.body['error']],
    [404, { code: 'unknown', message: 'cannot find a record at the position 7' }],
  );
  for (const path of ['records', 'context?position=1', 'counts', 'values', 'export', 'tail'])
    assert.equal((await ask(hub, `/api/${path}`, undefined)).status, 401);
});
