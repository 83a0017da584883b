import { LEVELS } from '../../core/record.ts';

/** Reads entries of the journal as `journalctl -o json` prints them, systemd.journal-fields(7). */

/** One entry about a unit. */
export type JournalEntry = UnitLine | ManagerWord;

interface Common {
  readonly unit: string;
  /** The run of the unit that it belongs to; null where that is not known. */
  readonly invocation: string | null;
  readonly cursor: string;
  /** When the journal took it: integer microseconds, UTC. */
  readonly time: number;
  readonly message: string;
  /** 1 to 24, see LEVELS. */
  readonly level: number;
}

/** What a process of the unit wrote. */
export interface UnitLine extends Common {
  readonly from: 'unit';
  /** It came by stdout or stderr: whoever wrote it gave it no level, unless by a prefix. */
  readonly plain: boolean;
}

/** What systemd itself says of the unit. */
export interface ManagerWord extends Common {
  readonly from: 'manager';
  readonly about: Happening;
}

export type Happening =
  | { readonly kind: 'starting' }
  | { readonly kind: 'started' }
  /** Also for a restart. */
  | { readonly kind: 'stopping' }
  /** `job` says what for: `stop`, `restart`. */
  | { readonly kind: 'stopped'; readonly job: string }
  /** A process of it is over; the main one, or one of a command beside it such as ExecStartPre. */
  | {
      readonly kind: 'exited';
      readonly command: string;
      readonly exit: 'exited' | 'killed' | 'dumped';
      readonly status: number;
    }
  /** The run is over. `success` where it ended well. */
  | { readonly kind: 'over'; readonly result: string }
  | { readonly kind: 'start-limit' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'other' };

/**
 * Gives entries without a run the one that they are of: of a process that was over before the journal looked at it, it does not
 * know that. What systemd says next of the unit is of the same run; without it what was said last counts.
 * @param before the run that was known before them.
 */
export function withRuns(entries: readonly JournalEntry[], before: string | null): readonly JournalEntry[] {
  let next: string | null = null;
  const known = entries.toReversed().map((entry) => {
    if (entry.invocation !== null) next = entry.from === 'manager' ? entry.invocation : next;
    return entry.invocation === null && next !== null ? { ...entry, invocation: next } : entry;
  });
  let last = before;
  return known.toReversed().map((entry) => {
    last = entry.invocation ?? last;
    return entry.invocation === last ? entry : { ...entry, invocation: last };
  });
}

/** What is asked for of each entry, beside its cursor and its time. */
export const FIELDS = [
  'MESSAGE',
  'MESSAGE_ID',
  'PRIORITY',
  '_TRANSPORT',
  '_PID',
  '_SYSTEMD_UNIT',
  '_SYSTEMD_INVOCATION_ID',
  'UNIT',
  'INVOCATION_ID',
  'JOB_TYPE',
  'COMMAND',
  'EXIT_CODE',
  'EXIT_STATUS',
  'UNIT_RESULT',
] as const;

/** Undefined for a line that is no entry, or an entry about no unit. */
export function parseEntry(line: string): JournalEntry | undefined {
  const found = objectIn(line);
  if (found === undefined) return undefined;
  const cursor = textOf(found['__CURSOR']);
  const time = Number(textOf(found['__REALTIME_TIMESTAMP']));
  const message = textOf(found['MESSAGE']);
  if (cursor === undefined || message === undefined || !Number.isSafeInteger(time)) return undefined;
  const manager = textOf(found['_PID']) === '1' && found['UNIT'] !== undefined;
  const unit = textOf(found[manager ? 'UNIT' : '_SYSTEMD_UNIT']);
  if (unit === undefined) return undefined;
  const invocation = textOf(found[manager ? 'INVOCATION_ID' : '_SYSTEMD_INVOCATION_ID']) ?? null;
  const level = levelOf(textOf(found['PRIORITY']));
  const common = { unit, invocation, cursor, time, message, level };
  if (manager) return { ...common, from: 'manager', about: happeningOf(found, message) };
  return { ...common, from: 'unit', plain: textOf(found['_TRANSPORT']) === 'stdout' };
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A field is text, or its bytes where they are not printable, or a list where an entry has it more than once. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((each) => typeof each === 'number')) return Buffer.from(value).toString('utf8');
  return textOf(value[0]);
}

/** Syslog severities 0 to 7 as OpenTelemetry maps them (logs/data-model-appendix). */
const SEVERITIES = [LEVELS.fatal, 19, 18, LEVELS.error, LEVELS.warn, 10, LEVELS.info, LEVELS.debug] as const;

function levelOf(priority: string | undefined): number {
  return /^[0-7]$/.test(priority ?? '') ? (SEVERITIES[Number(priority)] ?? LEVELS.info) : LEVELS.info;
}

/** Ids of messages, sd-messages.h. */
const IDS = {
  '7d4958e842da4a758f6c1cdc7b36dcc5': 'starting',
  '39f53479d3a045ac8e11786248231fbf': 'started',
  de5b426a63be47a7b6ac3eaac82e2f6f: 'stopping',
  '9d1aaa27d60140bd96365438aad20286': 'stopped',
  '98e322203f7a4ed290d09fe03c09fe15': 'exited',
  d9b373ed55a64feb8242e02dbe79a49c: 'over',
  '7ad2d189f7e94e70a38c781354912448': 'over',
  fe6faa94e7774663a0da52717891d8ef: 'out-of-memory',
} as const;

/** Of the start limit there is no id. */
const START_LIMIT = /Start request repeated too quickly/;

function happeningOf(found: Readonly<Record<string, unknown>>, message: string): Happening {
  const id = textOf(found['MESSAGE_ID']) ?? '';
  const kind = Object.hasOwn(IDS, id) ? IDS[id as keyof typeof IDS] : undefined;
  switch (kind) {
    case 'stopped':
      return { kind, job: textOf(found['JOB_TYPE']) ?? '' };
    case 'exited':
      return exitedOf(found);
    case 'over':
      return { kind, result: textOf(found['UNIT_RESULT']) ?? 'success' };
    case 'starting':
    case 'started':
    case 'stopping':
    case 'out-of-memory':
      return { kind };
    case undefined:
      return { kind: START_LIMIT.test(message) ? 'start-limit' : 'other' };
  }
}

const EXITS = ['exited', 'killed', 'dumped'] as const;

function exitedOf(found: Readonly<Record<string, unknown>>): Happening {
  const exit = EXITS.find((each) => each === found['EXIT_CODE']);
  const status = Number(textOf(found['EXIT_STATUS']));
  if (exit === undefined || !Number.isInteger(status)) return { kind: 'other' };
  return { kind: 'exited', command: textOf(found['COMMAND']) ?? '', exit, status };
}
