import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fold, type FoldPlan } from './fold.ts';
import { foldDigests, foldJobs } from './fold-jobs.ts';
import { begin, type Incident, over } from './incident.ts';
import { newRow, type OutboxRow } from './outbox-row.ts';
import type { Entry, EntryEvent } from './telling.ts';

/** An outbox without a file: the plans are carried out on a list. */
function createOutbox() {
  const incidents = new Map<string, Incident>();
  let rows: OutboxRow[] = [];
  let ids = 0;
  const context = {
    channel: 'ops',
    now: 1000,
    incidentOf: (id: string) => incidents.get(id),
    newId: () => `n${(ids += 1)}`,
    nextPlace: () => (ids += 1),
  };
  const carryOut = ({ rows: added, folded, moved }: FoldPlan): void => {
    const into = new Map(folded.map((each) => [each.id, each.into]));
    const place = new Map(moved.map((each) => [each.id, each.place]));
    for (const id of [...into.keys(), ...place.keys()]) assert.ok(rows.some((row) => row.id === id));
    rows = [...rows, ...added].map((row) => ({
      ...row,
      ...(into.has(row.id) ? { state: 'folded' as const, foldedInto: into.get(row.id) ?? '' } : {}),
      place: place.get(row.id) ?? row.place,
    }));
  };
  const pending = (): readonly OutboxRow[] =>
    rows.filter(({ state }) => state === 'pending').toSorted((a, b) => a.place - b.place);
  return {
    context,
    pending,
    all: () => rows,
    incident(id: string, until: number | null = null, service = id): void {
      const subject = { service, kind: 'watch', watch: 'alive', state: 'bad', level: 17 } as const;
      const open = begin({ ...subject, id, since: 1, life: '', value: null, reason: '' });
      incidents.set(id, until === null ? open : over(open, until));
    },
    end(id: string, until: number): void {
      const open = incidents.get(id);
      if (open !== undefined) incidents.set(id, over(open, until));
    },
    news: (...entries: Entry[]): void => carryOut(fold(pending(), entries, context)),
    change(id: string, change: Partial<OutboxRow>): void {
      rows = rows.map((row) => (row.id === id ? { ...row, ...change } : row));
    },
    carryOut,
    words: () =>
      pending().map(
        ({ event, entries }) =>
          `${event}: ${entries.map((each) => `${each.incident} ${each.event}`).join(', ')}`,
      ),
  };
}

const entry = (incident: string, event: EntryEvent): Entry => ({ incident, event });

test('what is not delivered yet takes in what is new, and an end takes the place of its beginning', () => {
  const outbox = createOutbox();
  for (const id of ['a', 'b', 'c']) outbox.incident(id);
  outbox.news(entry('a', 'outage'), entry('b', 'outage'));
  outbox.news(entry('c', 'outage'));
  assert.deepEqual(outbox.words(), ['outage: a outage, b outage, c outage']);
  outbox.end('b', 5);
  outbox.news(entry('b', 'recovery'));
  assert.deepEqual(outbox.words(), ['recovery: b both', 'outage: a outage, c outage']);
  outbox.news(entry('a', 'update'), entry('c', 'repeat'));
  assert.deepEqual(outbox.words(), ['recovery: b both', 'outage: a outage, c outage']);
  const folded = outbox.all().filter(({ state }) => state === 'folded');
  for (const { foldedInto } of folded) assert.ok(outbox.all().some(({ id }) => id === foldedInto));
});

test('what would say the same stays what it is, with its id', () => {
  const outbox = createOutbox();
  outbox.incident('a');
  outbox.news(entry('a', 'outage'));
  const [before] = outbox.pending();
  outbox.news();
  outbox.news(entry('a', 'repeat'));
  assert.deepEqual(outbox.pending(), [before]);
});

test('of what waits the end comes before the beginning: the last word is what lasts', () => {
  const outbox = createOutbox();
  outbox.incident('old', 5, 'web');
  outbox.incident('new', null, 'web');
  outbox.news(entry('new', 'outage'));
  outbox.news(entry('old', 'recovery'));
  assert.deepEqual(outbox.words(), ['recovery: old recovery', 'outage: new outage']);
});

test('a message that the far side may have is left alone; its end is another one', () => {
  for (const change of [{ trying: true }, { unsure: true }, { taken: ['ada@uni.example'] }]) {
    const outbox = createOutbox();
    outbox.incident('a');
    outbox.news(entry('a', 'outage'));
    outbox.change(outbox.pending()[0]?.id ?? '', change);
    outbox.end('a', 5);
    outbox.news(entry('a', 'recovery'));
    assert.deepEqual(outbox.words(), ['outage: a outage', 'recovery: a recovery']);
  }
});

test('refused messages are tried one by one, but many of them become one', () => {
  const outbox = createOutbox();
  for (let index = 0; index < 30; index += 1) {
    outbox.incident(`i${index}`);
    outbox.news(entry(`i${index}`, 'outage'));
    for (const { id } of outbox.pending()) outbox.change(id, { refused: true });
    assert.ok(outbox.pending().length <= 11, `${outbox.pending().length}`);
  }
  assert.equal(
    new Set(outbox.pending().flatMap(({ entries }) => entries.map(({ incident }) => incident))).size,
    30,
  );
});

test('of more than fifty ends the oldest are numbers, and none is forgotten', () => {
  const outbox = createOutbox();
  for (let index = 0; index < 500; index += 1) {
    outbox.incident(`i${index}`, 100 + index, `s${index % 120}`);
    outbox.news(entry(`i${index}`, 'both'));
  }
  const [row, ...more] = outbox.pending();
  assert.deepEqual(more, []);
  assert.deepEqual(row?.entries.at(-1), entry('i499', 'both'));
  assert.equal(row?.entries.length, 50);
  assert.ok((row?.older.length ?? 0) <= 101);
  assert.equal(
    row?.older.reduce((sum, { count }) => sum + count, 0),
    450,
  );
});

const someNews = fc.record({
  incident: fc.constantFrom('a', 'b', 'c', 'd'),
  fate: fc.constantFrom('fail', 'fail', 'take', 'vanish', 'refuse', 'nothing'),
});

test('whatever comes and whatever happens to the tries: each beginning and each end is in just one message that waits, or was taken', () => {
  fc.assert(
    fc.property(fc.array(someNews, { maxLength: 60 }), (history) => {
      const outbox = createOutbox();
      const begun = new Map<string, string>();
      const taken: OutboxRow[] = [];
      let count = 0;
      for (const [at, { incident: subject, fate }] of history.entries()) {
        const open = begun.get(subject);
        const id = open ?? `${subject}${(count += 1)}`;
        if (open === undefined) {
          begun.set(subject, id);
          outbox.incident(id, null, subject);
          outbox.news(entry(id, 'outage'));
        } else {
          begun.delete(subject);
          outbox.end(id, at + 1);
          outbox.news(entry(id, 'recovery'));
        }
        const [row] = outbox.pending();
        if (row === undefined || fate === 'nothing') continue;
        if (fate === 'take') {
          taken.push(row);
          outbox.change(row.id, { state: 'delivered' });
        }
        if (fate === 'vanish') outbox.change(row.id, { unsure: true });
        if (fate === 'refuse') outbox.change(row.id, { refused: true });
        outbox.news();
      }
      const said = [...taken, ...outbox.pending()].flatMap(({ entries }) => entries);
      const ended = [...new Set(said.map(({ incident }) => incident))].filter(
        (id) => ![...begun.values()].includes(id),
      );
      for (const id of ended) {
        const events = said.filter(({ incident }) => incident === id).map(({ event }) => event);
        assert.ok(['outage,recovery', 'both'].includes(events.toSorted().join()), `${id}: ${events.join()}`);
      }
      for (const id of begun.values())
        assert.deepEqual(
          said.filter(({ incident }) => incident === id),
          [entry(id, 'outage')],
        );
      assert.equal(ended.length + begun.size, count, 'none is forgotten');
    }),
    { numRuns: 300 },
  );
});

test('of many messages of jobs that cannot be delivered the newest stay, of the others the numbers', () => {
  const outbox = createOutbox();
  for (let index = 0; index < 200; index += 1) {
    const item = { service: 'job/backup', subject: 'backup', state: index % 2 === 0 ? 'failed' : 'ok' };
    const times = { since: index, until: index + 1 };
    const rest = { id: 'x', level: 9, value: null, reason: '', actions: [], tail: [], next: '' };
    const notice = { id: `j${index}`, items: [{ ...item, ...times, ...rest }] };
    const base = {
      channel: 'ops',
      class: 'job',
      event: 'job',
      place: outbox.context.nextPlace(),
      at: index,
    } as const;
    const row = newRow({ ...base, id: `j${index}`, notice: notice as unknown as OutboxRow['notice'] });
    const plan = foldJobs([...outbox.pending(), row], outbox.context);
    outbox.carryOut({ ...plan, rows: [row, ...plan.rows] });
    assert.ok(outbox.pending().length <= 51);
  }
  assert.ok(outbox.pending().some(({ id }) => id === 'j199'));
  const older = outbox.pending().flatMap((row) => row.older);
  const raw = outbox.pending().filter(({ notice }) => notice !== null).length;
  assert.equal(older.reduce((sum, { count }) => sum + count, 0) + raw, 200);
  assert.deepEqual(older.map(({ subject }) => subject).toSorted(), ['failed', 'ok']);
});

test('a digest that was not delivered gives way to the next one', () => {
  const digest = (id: string, more: Partial<OutboxRow> = {}): OutboxRow =>
    newRow({ id, channel: 'ops', class: 'digest', event: 'digest', place: 1, at: 1, ...more });
  const newest = digest('c');
  assert.deepEqual(foldDigests([digest('a'), digest('b', { trying: true }), newest], newest), [
    { id: 'a', into: 'c' },
  ]);
});
