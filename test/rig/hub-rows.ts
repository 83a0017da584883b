import fc from 'fast-check';
import type { RecordKind } from '../../src/core/record.ts';
import type { HubRow } from '../../src/hub/blocks/row.ts';
import { anyText } from './any-text.ts';

/** Microseconds. */
export const HUB_NOW = 1_800_000_000_000_000;

export function hubRow(part: Partial<HubRow> = {}): HubRow {
  return {
    position: 1,
    agent: 'a1',
    seq: 1,
    time: HUB_NOW,
    received: HUB_NOW,
    host: 'box',
    service: 'clock',
    life: '',
    kind: 'log',
    level: 9,
    sender: 'stdout',
    message: 'tick',
    fields: '',
    ...part,
  };
}

const KINDS: readonly RecordKind[] = ['log', 'log', 'flip', 'notification'];

/** What somebody sends, but for what the hub gives it. */
export const someRow = fc.record({
  agent: fc.constantFrom('a1', 'a2', 'ä'),
  seq: fc.nat(1000),
  time: fc.integer({ min: HUB_NOW - 500, max: HUB_NOW + 500 }),
  host: fc.constantFrom('box', ''),
  service: fc.constantFrom('clock', 'firehose', 'job/x'),
  life: fc.constantFrom('', 'l1', 'l2'),
  kind: fc.constantFrom(...KINDS),
  level: fc.integer({ min: 1, max: 24 }),
  sender: fc.constantFrom('stdout', 'stderr', 'daemon'),
  message: fc.oneof(
    anyText({ maxLength: 20 }),
    fc
      .array(fc.constantFrom('Alpha', 'beta', 'id=7f3a', 'ÄÖ', '%', '42'), { maxLength: 4 })
      .map((words) => words.join(' ')),
  ),
  fields: fc.constantFrom('', '{"a":1}', '{"user":"x","n":[1,2]}'),
});

/** Rows in the order of their positions. */
export const someRows: fc.Arbitrary<HubRow[]> = fc
  .array(fc.tuple(someRow, fc.integer({ min: 1, max: 3 }), fc.nat(5)), { minLength: 1, maxLength: 40 })
  .map((given) => {
    let position = 0;
    let received = HUB_NOW;
    return given.map(([row, step, later]) => {
      position += step;
      received += later;
      // What is no text of UTF-8 becomes a replacement character, as when it comes in.
      return { ...row, message: row.message.toWellFormed(), position, received };
    });
  });
