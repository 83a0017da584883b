import { isDeeperThan } from '../../core/json-depth.ts';
import { LEVELS, RECORD_KINDS, type RecordKind } from '../../core/record.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { SentRecord } from '../blocks/writer.ts';

/** What agents send: JSON, checked value by value, since nobody is trusted. */

/** Units of UTF-16. Longer messages and fields are refused: whoever sends cuts them, and says so. */
const LONGEST_MESSAGE = 65_536;
const LONGEST_NAME = 512;
const LONGEST_FIELDS = 65_536;
const DEEPEST_FIELDS = 64;
const MOST_RECORDS = 10_000;

const KINDS: ReadonlySet<string> = new Set(RECORD_KINDS);

/**
 * Records of one agent: a list of `{seq, time, host, service, life, kind, level, sender, message, fields?}`, their numbers growing.
 * The error names the first thing that is wrong: `record 3: level is not a whole number from 1 to 24`.
 */
export function readSentRecords(bytes: Uint8Array): Result<readonly SentRecord[], string> {
  let given: unknown;
  try {
    given = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return err('it is no JSON');
  }
  if (!Array.isArray(given)) return err('it is no list of records');
  if (given.length > MOST_RECORDS) return err(`it has ${given.length} records, ${MOST_RECORDS} at most`);
  const records: SentRecord[] = [];
  let before = 0;
  for (const [index, value] of given.entries()) {
    const problem = problemOf(value, before);
    if (problem !== undefined) return err(`record ${index + 1}: ${problem}`);
    const record = toSent(value as Given);
    if (record.fields.length > LONGEST_FIELDS) return err(`record ${index + 1}: its fields are too long`);
    records.push(record);
    before = record.seq;
  }
  return ok(records);
}

interface Given {
  readonly seq: number;
  readonly time: number;
  readonly host: string;
  readonly service: string;
  readonly life: string;
  readonly kind: RecordKind;
  readonly level: number;
  readonly sender: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

const NAMES = ['host', 'service', 'life', 'sender'] as const;

function problemOf(value: unknown, before: number): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object';
  const { seq, time, kind, level, message, fields, ...rest } = value as Record<string, unknown>;
  if (!isWhole(seq) || seq <= before) return `seq is no whole number above ${before}`;
  if (!isWhole(time)) return 'time is no whole number of microseconds';
  if (typeof kind !== 'string' || !KINDS.has(kind)) return 'kind is none of the kinds of records';
  if (!isWhole(level) || level < LEVELS.trace || level > LEVELS.fatal + 3)
    return 'level is not a whole number from 1 to 24';
  if (typeof message !== 'string' || message.length > LONGEST_MESSAGE)
    return `message is no text of ${LONGEST_MESSAGE} characters at most`;
  if (fields !== undefined && (typeof fields !== 'object' || fields === null || Array.isArray(fields)))
    return 'fields is no object';
  if (isDeeperThan(fields, DEEPEST_FIELDS)) return 'its fields are nested too deeply';
  const name = NAMES.find((each) => !isName(rest[each]));
  return name && `${name} is no text of ${LONGEST_NAME} characters at most`;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= LONGEST_NAME;
}

/** Nothing that was not asked for is kept. */
function toSent(given: Given): SentRecord {
  const { seq, time, kind, level, fields } = given;
  return {
    seq,
    time,
    kind,
    level,
    host: given.host.toWellFormed(),
    service: given.service.toWellFormed(),
    life: given.life.toWellFormed(),
    sender: given.sender.toWellFormed(),
    message: given.message.toWellFormed(),
    fields: fields === undefined ? '' : JSON.stringify(fields),
  };
}
