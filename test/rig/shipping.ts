import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openState, type StateStore } from '../../src/app/state.ts';
import { type Shipping, type ShippingHub, startShipping } from '../../src/app/shipping.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { RecordDraft, RecordStore } from '../../src/core/record.ts';
import { ok } from '../../src/core/result.ts';
import type { Keep } from '../../src/hub/store/sqlite-prune.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { HubStore } from '../../src/hub/threads/hub-store.ts';
import { onEnd, tempFolder } from './leaks.ts';

/** Keeps everything. */
const ALL: Keep = { ageMs: { logs: 1e12, other: 1e12 }, bytes: 1e12 };

/** A daemon's time line and its agent, without the daemon. */
export interface ShippingRig {
  readonly store: RecordStore;
  readonly state: StateStore;
  readonly shipping: Shipping;
  /** Adds lines `line FROM` … to the time line. */
  add(from: number, count: number, part?: Partial<RecordDraft>): void;
  /** What the agent itself said. */
  readonly said: readonly RecordDraft[];
  close(drainMs?: number): Promise<void>;
}

export interface ShippingRigOptions {
  readonly url: string;
  readonly token: string;
  readonly folder?: string;
  readonly keep?: Keep;
  readonly ca?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly failed?: (error: Error) => void;
  /** Around each saving of the cursor. */
  readonly save?: (save: () => void) => void;
}

/** @param folder that of an earlier one, to go on with. */
export function startRig(t: TestContext | undefined, options: ShippingRigOptions): ShippingRig {
  const folder = options.folder ?? tempFolder(t as TestContext);
  const clock = options.clock ?? systemClock;
  const state = openState(folder);
  if (!state.ok) throw state.error;
  const store = openSqliteStore({
    path: join(folder, 'records.db'),
    agent: state.value.agent,
    host: 'box',
    clock,
    keep: options.keep ?? ALL,
  });
  if (!store.ok) throw store.error;
  const said: RecordDraft[] = [];
  const hub: ShippingHub = { url: options.url, token: () => ok(options.token), ca: options.ca };
  const { save = (now) => now() } = options;
  const saveMark: StateStore['saveMark'] = (name, value) => save(() => state.value.saveMark(name, value));
  const shipping = startShipping({
    store: store.value,
    state: { ...state.value, saveMark },
    hub,
    clock,
    random: options.random ?? Math.random,
    log: silentLog,
    records: (drafts) => {
      said.push(...drafts);
      store.value.append(drafts);
    },
    failed:
      options.failed ??
      ((error) => {
        throw error;
      }),
  });
  if (!shipping.ok) throw new Error(shipping.error);
  let closed: Promise<void> | undefined;
  const close = (drainMs?: number): Promise<void> =>
    (closed ??= shipping.value.close(drainMs).then(() => {
      store.value.close();
      state.value.close();
    }));
  if (t !== undefined) onEnd(t, () => close(0));
  return {
    store: store.value,
    state: state.value,
    shipping: shipping.value,
    add(from, count, part = {}) {
      const time = clock.micros();
      const lines = Array.from({ length: count }, (_, index) => ({
        ...LINE,
        time,
        message: `line ${from + index}`,
        ...part,
      }));
      for (let at = 0; at < lines.length; at += 1000) store.value.append(lines.slice(at, at + 1000));
    },
    said,
    close,
  };
}

/** Messages that a hub has of an agent, in the order in which it got them. */
export async function messagesOf(hub: HubStore, agent: string): Promise<string[]> {
  const found: string[] = [];
  const signal = new AbortController();
  const end = hub.position();
  if (end === 0) return [];
  for await (const page of hub.follow({ agents: [agent] }, 0, signal.signal)) {
    found.push(...page.rows.map(({ message }) => message));
    if (page.position >= end) break;
  }
  return found;
}

const LINE = { service: 'clock', life: '', kind: 'log', level: 9, sender: 'stdout' } as const;

/** Lines of `add`. */
export function linesOf(messages: readonly string[]): number[] {
  return messages.filter((each) => each.startsWith('line ')).map((each) => Number(each.slice(5)));
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
