import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JournalEntry, parseEntry, withRuns } from './journal-entry.ts';
import { createEntryReader, cursorIn, keepLastEntries } from './journal-read.ts';

const RUN = '80db51d39bf34bdb9d0a7642c0aa36e3';
const CURSOR =
  's=91a07fc8579c4309be7902c09468a928;i=70;b=10c2d234b87640c9add56a94f7953bc1;m=5d46;t=660d;x=67fa';
const COMMON = { __CURSOR: CURSOR, __REALTIME_TIMESTAMP: '1795335107397017', _BOOT_ID: '10c2' };

/** As systemd 252 writes of a unit. */
function manager(fields: object): string {
  const own = {
    _PID: '1',
    _SYSTEMD_UNIT: 'init.scope',
    UNIT: 'limit.service',
    INVOCATION_ID: RUN,
    PRIORITY: '6',
  };
  return JSON.stringify({ ...COMMON, ...own, MESSAGE: 'a word', ...fields });
}

function line(fields: object): string {
  const own = { _PID: '95', _SYSTEMD_UNIT: 'ok.service', _SYSTEMD_INVOCATION_ID: RUN, PRIORITY: '6' };
  return JSON.stringify({ ...COMMON, ...own, _TRANSPORT: 'stdout', MESSAGE: 'hello', ...fields });
}

test('what a unit writes: its unit, run, level, and whether it had a level of its own', () => {
  assert.deepEqual(parseEntry(line({})), {
    from: 'unit',
    unit: 'ok.service',
    invocation: RUN,
    cursor: CURSOR,
    time: 1_795_335_107_397_017,
    message: 'hello',
    level: 9,
    plain: true,
  });
  const error = parseEntry(line({ PRIORITY: '3', _TRANSPORT: 'journal' }));
  assert.deepEqual([error?.level, error?.from === 'unit' && error.plain], [17, false]);
  assert.equal(
    parseEntry(line({ MESSAGE: [104, 195, 164, 255] }))?.message,
    'hä\ufffd',
    'bytes that are no text',
  );
  assert.equal(parseEntry(line({ MESSAGE: ['one', 'two'] }))?.message, 'one', 'a field that is there twice');
  assert.equal(
    parseEntry(line({ UNIT: 'other.service' }))?.unit,
    'ok.service',
    'only systemd speaks of others',
  );
});

test('what systemd says of a unit', () => {
  const about = (fields: object): unknown => {
    const entry = parseEntry(manager(fields));
    return entry?.from === 'manager' ? entry.about : undefined;
  };
  const exited = { MESSAGE_ID: '98e322203f7a4ed290d09fe03c09fe15', COMMAND: 'ExecStart' };
  assert.deepEqual(about({ ...exited, EXIT_CODE: 'exited', EXIT_STATUS: '3' }), {
    kind: 'exited',
    command: 'ExecStart',
    exit: 'exited',
    status: 3,
  });
  assert.deepEqual(about({ ...exited, EXIT_CODE: 'vanished', EXIT_STATUS: '3' }), { kind: 'other' });
  const table: readonly (readonly [string, object, object])[] = [
    ['7d4958e842da4a758f6c1cdc7b36dcc5', {}, { kind: 'starting' }],
    ['39f53479d3a045ac8e11786248231fbf', { JOB_TYPE: 'start' }, { kind: 'started' }],
    ['de5b426a63be47a7b6ac3eaac82e2f6f', { JOB_TYPE: 'stop' }, { kind: 'stopping' }],
    ['9d1aaa27d60140bd96365438aad20286', { JOB_TYPE: 'restart' }, { kind: 'stopped', job: 'restart' }],
    ['d9b373ed55a64feb8242e02dbe79a49c', { UNIT_RESULT: 'watchdog' }, { kind: 'over', result: 'watchdog' }],
    ['7ad2d189f7e94e70a38c781354912448', {}, { kind: 'over', result: 'success' }],
    ['fe6faa94e7774663a0da52717891d8ef', {}, { kind: 'out-of-memory' }],
    ['5eb03494b6584870a536b337290809b3', { N_RESTARTS: '3' }, { kind: 'other' }],
    ['toString', {}, { kind: 'other' }],
  ];
  for (const [id, fields, expected] of table)
    assert.deepEqual(about({ MESSAGE_ID: id, ...fields }), expected, id);
  assert.deepEqual(about({ MESSAGE: 'limit.service: Start request repeated too quickly.' }), {
    kind: 'start-limit',
  });
});

test('what is no entry about a unit is none', () => {
  const { __CURSOR: _, ...placeless } = JSON.parse(line({})) as Record<string, unknown>;
  const texts = ['', '-- No entries --', '{', '[]', 'null', '7', JSON.stringify(placeless)];
  for (const text of [
    ...texts,
    line({ _SYSTEMD_UNIT: undefined }),
    line({ MESSAGE: null }),
    line({ __REALTIME_TIMESTAMP: 'x' }),
  ])
    assert.equal(parseEntry(text), undefined, text);
});

test('property: nothing that a journal may hold breaks the reading', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...Object.keys(JSON.parse(manager({})) as object), 'MESSAGE_ID', 'EXIT_CODE'),
        fc.jsonValue(),
      ),
      (fields) => {
        const entry = parseEntry(manager(fields));
        assert.ok(
          entry === undefined || (typeof entry.message === 'string' && Number.isSafeInteger(entry.time)),
        );
      },
    ),
  );
});

test('bytes become entries in any cut; an entry that is too long is told of and left out', () => {
  let tooLong = 0;
  const reader = createEntryReader(() => tooLong++);
  const text = Buffer.from(
    `${line({ MESSAGE: 'ä' })}\n${line({ MESSAGE: 'x'.repeat(1_100_000) })}\n${line({ MESSAGE: 'last' })}\n`,
  );
  for (let at = 0; at < text.length; at += 4093) reader.push(text.subarray(at, at + 4093));
  assert.deepEqual(
    reader.taken().map(({ message }) => message),
    ['ä', 'last'],
  );
  assert.ok(tooLong > 0);
  assert.deepEqual(reader.taken(), []);
});

test('of a long text the last lines are kept, within their number and their bytes', () => {
  const text = Buffer.from(
    Array.from({ length: 9 }, (_, number) => `${line({ MESSAGE: `m${number}` })}\n`).join(''),
  );
  const kept = (most: number, bytes: number): unknown => {
    const last = keepLastEntries(most, bytes);
    last.push(text);
    const { entries, left } = last.end();
    return [entries.map(({ message }) => message), left];
  };
  assert.deepEqual(kept(3, 1e6), [['m6', 'm7', 'm8'], 6]);
  assert.deepEqual(kept(100, 1e6), [['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8'], 0]);
  assert.deepEqual(kept(100, 2 * line({ MESSAGE: 'm0' }).length), [['m7', 'm8'], 7]);
});

test('a line of which the journal does not know the run is of the one that systemd speaks of next, else of the last one', () => {
  const entries = (runs: readonly string[]): JournalEntry[] =>
    runs.flatMap((run) => {
      const [from = '', invocation] = run.split(' ');
      const fields = from === 'line' ? { _SYSTEMD_INVOCATION_ID: invocation } : { INVOCATION_ID: invocation };
      return parseEntry(from === 'line' ? line(fields) : manager(fields)) ?? [];
    });
  const runs = (before: string | null, ...given: string[]): (string | null)[] =>
    withRuns(entries(given), before).map(({ invocation }) => invocation);
  assert.deepEqual(runs('A', 'line', 'word B', 'line', 'line B', 'word C'), ['B', 'B', 'C', 'B', 'C']);
  assert.deepEqual(runs('A', 'line', 'line B', 'line'), ['A', 'B', 'B']);
  assert.deepEqual(runs(null, 'line', 'word'), [null, null]);
});

test('where a journal ends', () => {
  assert.equal(cursorIn(line({})), CURSOR);
  assert.equal(cursorIn('-- No entries --\n'), undefined);
});
