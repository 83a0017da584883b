import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attentionOf } from './attention.ts';
import { filtered, itemsOf, jobItem, serviceItem, sorted, troubled } from './items.ts';
import { madeAgent, madeJob, madeService, madeWatch } from './made-up.ts';

const names = (items: readonly { readonly name: string }[]): readonly string[] =>
  items.map(({ name }) => name);

test('what did not change is the same item: it is not drawn again', () => {
  const service = madeService({});
  assert.equal(serviceItem(service), serviceItem(service));
  assert.notEqual(serviceItem(service), serviceItem({ ...service }));
});

test('a service and a job of one name have keys and addresses of their own', () => {
  const [service, job] = [serviceItem(madeService({ name: 'a/b ü' })), jobItem(madeJob({ name: 'a/b ü' }))];
  assert.equal(service.address, '/services/alpha/a%2Fb%20%C3%BC');
  assert.equal(job.address, '/jobs?job=alpha%2Fa%2Fb%20%C3%BC');
  assert.notEqual(service.key, job.key);
});

test('the filter wants every word, in any case, anywhere; and one of the conditions', () => {
  const items = itemsOf(
    [
      madeService({ name: 'Firehose', about: 'wss://sky', condition: 'bad', trouble: 'log is late' }),
      madeService({ name: 'beam', agent: 'beta' }),
    ],
    [madeJob({ name: 'purge' })],
  );
  assert.deepEqual(names(filtered(items, { text: 'SKY fire', conditions: [] })), ['Firehose']);
  assert.deepEqual(names(filtered(items, { text: 'sky beam', conditions: [] })), []);
  assert.deepEqual(names(filtered(items, { text: 'beta', conditions: [] })), ['beam']);
  assert.deepEqual(names(filtered(items, { text: ' job ', conditions: [] })), ['purge']);
  assert.deepEqual(names(filtered(items, { text: '', conditions: ['bad', 'late'] })), ['Firehose']);
  assert.deepEqual(names(filtered(items, { text: 'beam', conditions: ['bad'] })), []);
  assert.equal(filtered(items, { text: '  ', conditions: [] }), items);
});

test('the worst comes first, then by name; or by name alone', () => {
  const items = itemsOf(
    [
      madeService({ name: 'b' }),
      madeService({ name: 'd', condition: 'late' }),
      madeService({ name: 'c', condition: 'bad' }),
      madeService({ name: 'a', condition: 'stopped' }),
    ],
    [madeJob({ name: 'e', condition: 'unknown' })],
  );
  assert.deepEqual(names(sorted(items, 'worst')), ['c', 'd', 'e', 'b', 'a']);
  assert.deepEqual(names(sorted(items, 'name')), ['a', 'b', 'c', 'd', 'e']);
});

test('attention: of one condition the longest first; what is fine is not there', () => {
  const items = itemsOf(
    [
      madeService({ name: 'new', condition: 'bad', since: 9 }),
      madeService({ name: 'old', condition: 'bad', since: 5 }),
      madeService({ name: 'ok' }),
      madeService({ name: 'off', condition: 'stopped' }),
    ],
    [madeJob({ name: 'job', condition: 'late', since: 1 })],
  );
  assert.deepEqual(names(troubled(items)), ['old', 'new', 'job']);
});

test('what is unknown since its host is away is said once, for the host', () => {
  const items = itemsOf(
    [
      madeService({ agent: 'beta', name: 'a', condition: 'unknown' }),
      madeService({ agent: 'beta', name: 'b', condition: 'bad' }),
      madeService({ name: 'c', condition: 'unknown' }),
    ],
    [],
  );
  const { away, items: shown } = attentionOf(items, [
    madeAgent({}),
    madeAgent({ agent: 'beta', connected: false }),
  ]);
  assert.deepEqual(
    away.map(({ agent, things }) => [agent.agent, things]),
    [['beta', 1]],
  );
  assert.deepEqual(names(shown), ['b', 'c']);
});

test('what is next: the start that is due, else the nearest action of a watch; of a job its try, else its time', () => {
  const actions = [
    madeWatch({ name: 'one', nextAction: { what: 'page', at: 90 } }),
    madeWatch({ name: 'two', nextAction: { what: 'restart', at: 50 } }),
  ];
  assert.deepEqual(serviceItem(madeService({ watches: actions })).next, { what: 'restart', at: 50 });
  assert.deepEqual(serviceItem(madeService({ watches: actions, state: 'waiting', nextStartAt: 70 })).next, {
    what: 'next start',
    at: 70,
  });
  assert.equal(serviceItem(madeService({})).next, undefined);
  assert.deepEqual(jobItem(madeJob({ next: [8, 9] })).next, { what: 'next run', at: 8 });
  assert.deepEqual(jobItem(madeJob({ next: [8], waiting: { at: 5, attempt: 2, cause: 'again' } })).next, {
    what: 'try 2',
    at: 5,
  });
  assert.equal(jobItem(madeJob({ next: [8], pause: { who: 'ada', why: 'x', at: 1 } })).next, undefined);
});
