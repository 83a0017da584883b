import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createForwarding, type Forwarding } from '../../src/app/forwarding.ts';
import type { Plan, PlannedForward } from '../../src/app/plan.ts';
import { openState } from '../../src/app/state.ts';
import type { RecordDraft, RecordStore } from '../../src/core/record.ts';
import type { Keep } from '../../src/hub/store/sqlite-prune.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import { createHurriedClock } from './hurried-clock.ts';
import { onEnd, tempFolder } from './leaks.ts';
import { ALL, draft } from './store.ts';
import { until } from './wait.ts';

/** A daemon's time line and its forwarding, without the daemon. Waits are a twentieth of what they are. */
export interface ForwardingRig {
  readonly folder: string;
  readonly store: RecordStore;
  readonly forwarding: Forwarding;
  /** What forwarding itself said. */
  readonly said: readonly RecordDraft[];
  use(...forwards: readonly Partial<PlannedForward>[]): void;
  /** Adds lines `line FROM` … to the time line. */
  add(from: number, count: number, part?: Partial<RecordDraft>): void;
  /** Waits until all that is stored is done with. */
  done(name?: string): Promise<void>;
  close(): Promise<void>;
}

/** A far side on a busy machine still answers within its 30 s, which are 1.5 s here: else it would get a batch again, and rightly so. */
const FACTOR = 20;

/** @param folder that of an earlier one, to go on with. */
export function startForwarding(t: TestContext, folder = tempFolder(t), keep: Keep = ALL): ForwardingRig {
  const clock = createHurriedClock(FACTOR);
  const state = openState(folder);
  if (!state.ok) throw state.error;
  const path = join(folder, 'records.db');
  const opened = openSqliteStore({ path, agent: state.value.agent, host: 'box', clock, keep });
  if (!opened.ok) throw opened.error;
  const store = opened.value;
  const said: RecordDraft[] = [];
  const records = (drafts: readonly RecordDraft[]): void => {
    said.push(...drafts);
    store.append(drafts);
  };
  const forwarding = createForwarding({ store, state: state.value, clock, random: Math.random, records });
  const cursorOf = (name: string) =>
    (state.value.loadMark('forward') as Readonly<Record<string, number>> | undefined)?.[name];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= forwarding.close().then(() => {
      store.close();
      state.value.close();
    }));
  onEnd(t, close);
  return {
    folder,
    store,
    forwarding,
    said,
    use(...forwards) {
      const forward = forwards.map(
        (each): PlannedForward => ({
          name: 'far',
          kind: 'loki',
          url: '',
          labels: {},
          level: 1,
          ...each,
        }),
      );
      forwarding.use({ file: join(folder, 'vahti.yaml'), forward } as unknown as Plan);
    },
    add: (from, count, part) =>
      void store.append(
        Array.from({ length: count }, (_, index) =>
          draft({ time: clock.micros(), message: `line ${from + index}`, ...part }),
        ),
      ),
    async done(name = 'far') {
      await until(() => cursorOf(name) === store.query({ limit: 1 }).at(-1)?.seq, {
        // A far side may take nothing for a while: it is given up after 30 s, and tried again.
        deadlineMs: 45_000,
        what: `everything to be forwarded to ${name}`,
      });
    },
    close,
  };
}

/** Writes a secret beside the config. @returns how the config names it. */
export function secretFile(folder: string, secret: string): string {
  writeFileSync(join(folder, 'secret'), `${secret}\n`);
  return 'file:secret';
}
