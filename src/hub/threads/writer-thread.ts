/** The thread that writes: what comes while a commit lasts, or within some milliseconds, is stored together by the next one. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock, type Timer } from '../../core/clock.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import { groupOf, keepMsOf, worthOf } from '../blocks/groups.ts';
import { replace } from '../blocks/merge.ts';
import { purge } from '../blocks/retention.ts';
import { type Batch, openBlockWriter } from '../blocks/writer.ts';
import { readSentRecords } from '../ingest/sent-records.ts';
import type { Append, Sender, ThreadData, WriterAnswer, WriterCall } from './messages.ts';

/** A small batch waits so long for others. */
const WAIT_MS = 5;
/** So much does not wait, and is what is stored together at most. */
const ENOUGH_RECORDS = 500;
const MOST_RECORDS = 8192;
const ENOUGH_BYTES = 1_048_576;

const { folder, keep } = workerData as ThreadData;
const clock = systemClock;
const answer = (message: WriterAnswer): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
  parentPort?.postMessage(message);
};
const writer = openBlockWriter({
  folder,
  clock,
  groupOf: (record) => groupOf(keep, record),
  note: (note) => answer({ note }),
});

let waiting: { readonly id: number; readonly from: Sender; readonly batch: Batch }[] = [];
/** Of all that waits. */
let [records, bytes] = [0, 0];
let timer: Timer | undefined;

/** Of series that miss a batch which was refused: the number of the last record before it. */
const missing = new Map<string, number>();

function seriesOf({ agent, series = agent }: Sender): string {
  return series;
}

function miss(from: Sender): void {
  if (from.after === undefined) return;
  const series = seriesOf(from);
  missing.set(series, Math.min(from.after, missing.get(series) ?? Infinity));
}

function isMissed(from: Sender): boolean {
  return from.after !== undefined && from.after > (missing.get(seriesOf(from)) ?? Infinity);
}

function take({ id, from, json }: Extract<WriterCall, { what: 'append' }>): void {
  const refuse = (kind: 'bad' | 'later', message: string): void => {
    miss(from);
    answer({ id, value: { ok: false, kind, message } satisfies Append });
  };
  if (isMissed(from)) return refuse('later', 'cannot store it: a batch before it is missing');
  const read = readSentRecords(json);
  if (!read.ok) return refuse('bad', read.error);
  const { agent } = from;
  found(from, read.value.at(-1)?.seq ?? 0);
  waiting.push({ id, from, batch: { agent, series: seriesOf(from), records: read.value } });
  records += read.value.length;
  bytes += json.length;
  if (records >= MOST_RECORDS || bytes >= ENOUGH_BYTES) commit();
  // What lies in the port by now is taken along.
  else if (records >= ENOUGH_RECORDS) arm(0);
  else arm(WAIT_MS);
}

let armedMs = Infinity;

function arm(ms: number): void {
  if (timer !== undefined && armedMs <= ms) return;
  timer?.cancel();
  armedMs = ms;
  timer = clock.timer(ms, commit);
}

/** @throws DatabaseError where writing again cannot help: a failed sync is never tried again, the process ends (promise 11). */
function commit(): void {
  timer?.cancel();
  timer = undefined;
  const now = waiting;
  waiting = [];
  [records, bytes] = [0, 0];
  if (now.length === 0) return;
  const answers = store(now.map(({ batch }) => batch));
  for (const [index, { id, from }] of now.entries()) {
    if (answers[index]?.ok !== true) miss(from);
    answer({ id, value: answers[index] });
  }
  answer({ position: writer.newest() });
}

/**
 * A batch that has what is missing, and waits to be stored: those that come behind it are taken again. Said at once, since one that is
 * refused meanwhile is missing anew; one from before the missing one changes nothing.
 */
function found(from: Sender, last: number): void {
  const series = seriesOf(from);
  const gap = missing.get(series);
  if (gap !== undefined && from.after !== undefined && from.after <= gap && last > gap)
    missing.delete(series);
}

let isPuttingOff = false;

/** Said once when it begins and once when it is over. */
function putsOff(error: DatabaseError | undefined): void {
  if (isPuttingOff === (error !== undefined)) return;
  isPuttingOff = error !== undefined;
  const why = `cannot store records now: ${error?.message}; whoever sends them is put off`;
  answer({ note: isPuttingOff ? why : 'records are stored again' });
}

function store(batches: readonly Batch[]): readonly Append[] {
  try {
    const taken = writer.append(batches);
    putsOff(undefined);
    return taken.map((each, index) => ({
      ok: true,
      ...each,
      last: batches[index]?.records.at(-1)?.seq ?? writer.lastOf(batches[index]?.series ?? ''),
    }));
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.retry) throw error;
    putsOff(error);
    return batches.map(() => ({ ok: false, kind: 'later', message: error.message }));
  }
}

/** Work that nobody waits for: on a full disk it is done another time. @returns false where it was not done. */
function upkeep(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.retry) throw error;
    putsOff(error);
    return false;
  }
}

function other(call: Exclude<WriterCall, { what: 'append' }>): unknown {
  switch (call.what) {
    case 'last':
      return writer.lastOf(call.series);
    case 'missed':
      miss(call.from);
      return true;
    case 'replace':
      return upkeep(() => writer.write(call.merged.path, (db) => replace(db, call.merged)) ?? false);
    case 'shrink':
      return upkeep(() => {
        writer.shrink(call.path);
        return true;
      });
    case 'purge': {
      // Where a new file has no room, deleting old ones makes some.
      for (const rule of keep.rules)
        upkeep(() => {
          writer.begin(rule);
          return true;
        });
      const keeping = {
        keepMs: (group: string) => keepMsOf(keep, group),
        worth: (group: string) => worthOf(keep, group),
        bytes: keep.bytes,
        free: keep.free,
      };
      return purge(folder, keeping, clock.now());
    }
    case 'close':
      commit();
      writer.close();
      return true;
  }
}

parentPort?.on('message', (call: WriterCall) => {
  if (call.what === 'append') take(call);
  else answer({ id: call.id, value: other(call) });
});
answer({ position: writer.newest() });
