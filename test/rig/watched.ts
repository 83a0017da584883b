import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogsParams } from '../../src/app/control-api.ts';
import type { StoredRecord } from '../../src/core/record.ts';
import type { WatchFigures } from '../../src/watch/watch-figures.ts';
import type { TestDaemon } from './vahti.ts';

/** `run:` of a service that is this program of Node. */
export function programOf(folder: string, name: string, script: string): string {
  writeFileSync(join(folder, `${name}.cjs`), script);
  return `run: [${JSON.stringify(process.execPath)}, ${name}.cjs]`;
}

/** Waits until a watch is as asked; `life` says of which life that has to be seen. */
export async function watchIs(
  daemon: TestDaemon,
  [service, watch]: readonly [service: string, watch: string],
  what: string,
  check: (figures: WatchFigures, life: string | null) => boolean,
): Promise<WatchFigures> {
  const found = await daemon.waitFor(service, `${watch} to be ${what}`, ({ watches, life }) =>
    watches.some((each) => each.name === watch && check(each, life)),
  );
  return found.watches.find(({ name }) => name === watch) as WatchFigures;
}

/** Waits until each watch of a service has looked once more, at what is there by now. */
export async function looksAgain(daemon: TestDaemon, service: string): Promise<void> {
  const since = Date.now();
  await daemon.waitFor(service, 'to be looked at again', ({ watches }) =>
    // One look may have been on its way.
    watches.every(({ lookedAt }) => lookedAt !== null && lookedAt > since),
  );
}

/**
 * What watches found and did, as the time line has it: in short, by service, in its order. That at first, before the first life
 * gave any sign, nothing was known of it depends on the machine's pace, and is left out.
 */
export async function timeLine(daemon: TestDaemon): Promise<(service: string) => readonly string[]> {
  const records = await recordsOf(daemon, { kinds: ['flip', 'note', 'action'] });
  return (name) => {
    const all = records.flatMap((record) => (record.service === name ? (inShort(record) ?? []) : []));
    const early = all.filter((each) => each.endsWith(': new to unknown')).map((each) => each.split(':')[0]);
    return all.flatMap((each) => {
      const isFirst = early.some(
        (watch) => each === `${watch}: new to unknown` || each === `${watch}: unknown to ok`,
      );
      return isFirst ? [] : each.replace(/(?<=: )unknown to /, 'new to ');
    });
  };
}

/** Records of the time line, oldest first, without a process for it. */
export async function recordsOf(daemon: TestDaemon, which: Partial<LogsParams>): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const answer of daemon.client.stream('logs', { limit: 10_000, follow: false, ...which })) {
    if (!answer.ok) throw new Error(answer.error.message);
    records.push(answer.value);
  }
  return records;
}

/** Stops a service as a person does. */
export async function stopService(daemon: TestDaemon, name: string): Promise<void> {
  const answer = await daemon.client.call('stop', { names: [name] });
  if (!answer.ok || answer.value[0]?.done !== true)
    throw new Error(`cannot stop ${name}: ${JSON.stringify(answer)}`);
}

function inShort({ kind, sender, message, fields }: StoredRecord): string | undefined {
  if (fields?.['subject'] !== 'watch' && fields?.['watch'] === undefined) return undefined;
  if (kind === 'flip') return `${sender}: ${String(fields['from'])} to ${String(fields['to'])}`;
  const watch = String(fields['watch']);
  if (kind === 'note') return `${watch}: ${String(fields['action'])}`;
  if (kind !== 'action') return undefined;
  const became = fields['outcome'];
  const action = message.split(/[ :]/)[0];
  return action === 'after' ? `${watch}: restarted, ${String(became)}` : `${watch}: ${action}`;
}
