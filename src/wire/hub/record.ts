import { isDeeperThan } from '../../core/json-depth.ts';
import { LEVELS, type RecordKind } from '../../core/record.ts';

/** A record as it is sent to a hub: with a number of the sender's own. */
export interface NumberedRecord {
  /** Grows from record to record of a series; numbers may be left out. */
  readonly seq: number;
  /** Integer microseconds, UTC. */
  readonly time: number;
  readonly host: string;
  readonly service: string;
  readonly life: string;
  readonly kind: RecordKind;
  /** 1 to 24. */
  readonly level: number;
  readonly sender: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What a hub takes, in units of UTF-16 (docs/hub-protocol.md). */
const LONGEST_MESSAGE = 65_536;
const LONGEST_NAME = 512;
/** Of fields as JSON; and how deep they may be nested. */
const LONGEST_FIELDS = 65_536;
const DEEPEST_FIELDS = 64;
const HIGHEST_LEVEL = LEVELS.fatal + 3;
/** `,"cut":true` and the braces. */
const CUT_LENGTH = 16;

/**
 * A record as JSON that no hub refuses: what is too long is cut, and what cannot be written as JSON left out; the field `cut` says so.
 * @throws RangeError for a number or a time that is no integer: a bug.
 */
export function encodeRecord(record: NumberedRecord): string {
  const { seq, time, kind } = record;
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(time))
    throw new RangeError(`cannot send record ${seq} of the time ${time}: not an integer`);
  let isCut = false;
  const cut = (value: string, longest: number): string => {
    if (value.length > longest) isCut = true;
    return (value.length > longest ? value.slice(0, longest) : value).toWellFormed();
  };
  const host = cut(record.host, LONGEST_NAME);
  const service = cut(record.service, LONGEST_NAME);
  const life = cut(record.life, LONGEST_NAME);
  const sender = cut(record.sender, LONGEST_NAME);
  const message = cut(record.message, LONGEST_MESSAGE);
  const level = Math.min(HIGHEST_LEVEL, Math.max(LEVELS.trace, Math.round(record.level) || LEVELS.info));
  const fields = encodeFields(record.fields, isCut);
  const json = JSON.stringify({ seq, time, host, service, life, kind, level, sender, message });
  return fields === undefined ? json : `${json.slice(0, -1)},"fields":${fields}}`;
}

/** Whole fields, in their order, as many as there is room for. */
function encodeFields(fields: NumberedRecord['fields'], isCut: boolean): string | undefined {
  if (fields === undefined) return isCut ? '{"cut":true}' : undefined;
  const whole = tryJson(fields, DEEPEST_FIELDS);
  if (whole !== undefined && whole.length <= LONGEST_FIELDS && whole.startsWith('{'))
    return isCut ? withCut(whole) : whole;
  const kept: string[] = [];
  let length = CUT_LENGTH;
  for (const [name, value] of Object.entries(fields)) {
    const json = tryJson(value, DEEPEST_FIELDS - 1);
    if (json === undefined || name === 'cut') continue;
    const member = `${JSON.stringify(name)}:${json}`;
    if (length + member.length + 1 > LONGEST_FIELDS) continue;
    length += member.length + 1;
    kept.push(member);
  }
  return `{${[...kept, '"cut":true'].join(',')}}`;
}

function withCut(json: string): string {
  const more = json === '{}' ? '{"cut":true}' : `${json.slice(0, -1)},"cut":true}`;
  return more.length <= LONGEST_FIELDS ? more : '{"cut":true}';
}

/** Undefined for what JSON has no form for (a function, a cycle, a BigInt), and for what is nested too deeply. */
function tryJson(value: unknown, levels: number): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined || isTooDeep(json, levels) ? undefined : json;
  } catch {
    return undefined;
  }
}

const [BRACE, BRACKET] = [123, 91];

function isTooDeep(json: string, levels: number): boolean {
  let opened = 0;
  for (let index = 0; index < json.length && opened <= levels; index++) {
    const code = json.charCodeAt(index);
    if (code === BRACE || code === BRACKET) opened++;
  }
  // Hardly ever are there so many.
  return opened > levels && isDeeperThan(JSON.parse(json), levels);
}
