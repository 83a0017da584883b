import type { Clock } from '../core/clock.ts';
import type { ClientStorage } from './types.ts';

/** What a client keeps over restarts. */
export interface Saved {
  readonly version: 1;
  readonly series: string;
  /** The highest number that was given. */
  readonly last: number;
  /** Not acknowledged: number, and record as JSON. */
  readonly records: readonly (readonly [seq: number, json: string])[];
}

const SERIES_BYTES = 12;
const STORAGE_MS = 5_000;

/** A name that nobody else has. */
export function randomSeries(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIES_BYTES));
  return `c-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Undefined for what is nothing of ours: it begins anew then. */
function readSaved(text: string | null | undefined): Saved | undefined {
  if (typeof text !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, series, last, records } = (value ?? {}) as Record<string, unknown>;
  if (version !== 1 || typeof series !== 'string' || !Number.isSafeInteger(last)) return undefined;
  if (!Array.isArray(records) || !isGrowing(records, last as number)) return undefined;
  return { version, series, last: last as number, records: records as Saved['records'] };
}

function isGrowing(records: readonly unknown[], last: number): boolean {
  let before = 0;
  for (const record of records) {
    const [seq, json] = Array.isArray(record) ? (record as unknown[]) : [];
    if (typeof seq !== 'number' || seq <= before || seq > last || typeof json !== 'string') return false;
    before = seq;
  }
  return true;
}

/** A storage whose troubles are told, and stop nothing. */
export interface Keeper {
  load(): Promise<Saved | undefined>;
  save(saved: Saved): Promise<void>;
}

/** @param trouble told why it cannot be used. */
export function createKeeper(
  storage: ClientStorage,
  clock: Clock,
  trouble: (message: string) => void,
): Keeper {
  return {
    async load() {
      try {
        return readSaved(await inTime(Promise.resolve(storage.load()), clock));
      } catch (error) {
        trouble(`cannot read what waited: ${String(error)}`);
        return undefined;
      }
    },
    async save(saved) {
      try {
        await inTime(Promise.resolve(storage.save(JSON.stringify(saved))), clock);
      } catch (error) {
        // It goes on without: should numbers come twice after a crash, the hub has more than we know, and a new series begins.
        trouble(`cannot save what waits: ${String(error)}`);
      }
    },
  };
}

/** A storage that does not answer is as one that fails. */
async function inTime<T>(promise: Promise<T>, clock: Clock): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.timer(STORAGE_MS, () => late.reject(new Error(`no answer within ${STORAGE_MS} ms`)));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}
