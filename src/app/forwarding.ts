import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import type { Clock } from '../core/clock.ts';
import type { RecordDraft, RecordStore } from '../core/record.ts';
import { resolveReference } from '../core/references.ts';
import { runForwarder } from '../forward/forwarder.ts';
import { type ForwardTarget, lateTarget, type TargetOptions } from '../forward/target.ts';
import type { Plan, PlannedForward } from './plan.ts';
import type { StateStore } from './state.ts';

export interface ForwardingOptions {
  readonly store: RecordStore;
  readonly state: Pick<StateStore, 'loadMark' | 'saveMark'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
}

/** Sends the time line on, as the plan that is in force says. */
export interface Forwarding {
  /** Begins, goes on or ends with each place; those that did not change are not touched. */
  use(plan: Plan): void;
  /** Lasts until `close`. @throws what is a bug */
  run(): Promise<void>;
  /** Resolves when nothing is sent any more; what was not is sent when the daemon comes back. */
  close(): Promise<void>;
}

interface Running {
  /** What it was made of. */
  readonly key: string;
  readonly stop: () => void;
  /** Never rejects. */
  readonly over: Promise<void>;
}

const MARK = 'forward';
/** Of one that is in the plan no more. */
const GONE = '';
const cursorsShape = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)));

export function createForwarding(options: ForwardingOptions): Forwarding {
  const cursors = openCursors(options.state);
  const running = new Map<string, Running>();
  const broken = Promise.withResolvers<void>();
  // Heard of by `run`, or by nobody.
  broken.promise.catch(() => {});

  const start = (planned: PlannedForward, folder: string, key: string): void => {
    const { name, level, services } = planned;
    const ending = new AbortController();
    const before = running.get(name);
    before?.stop();
    const work = async (): Promise<void> => {
      await before?.over;
      if (ending.signal.aborted) return;
      const target = lateTarget(() => openTarget(planned, folder, options.clock));
      const cursor = { load: () => cursors.load(name), save: (seq: number) => cursors.save(name, seq) };
      await runForwarder({ name, level, services, target }, { ...options, cursor }, ending.signal);
    };
    running.set(name, { key, stop: () => ending.abort(), over: work().catch(broken.reject) });
  };

  return {
    use(plan) {
      const folder = dirname(plan.file);
      const wanted = plan.forward ?? [];
      for (const [name, { key, stop, over }] of running) {
        if (key === GONE || wanted.some((each) => each.name === name)) continue;
        stop();
        running.set(name, { key: GONE, stop, over: over.then(() => cursors.forget(name)) });
      }
      // Whoever names one again later does not want what was meanwhile.
      for (const name of cursors.names())
        if (!running.has(name) && !wanted.some((each) => each.name === name)) cursors.forget(name);
      for (const planned of wanted) {
        const key = JSON.stringify([planned, folder]);
        if (running.get(planned.name)?.key !== key) start(planned, folder, key);
      }
    },
    run: () => broken.promise,
    async close() {
      const all = [...running.values()];
      for (const { stop } of all) stop();
      await Promise.all(all.map(({ over }) => over));
      broken.resolve();
    },
  };
}

/** Where each of them is in the time line. */
function openCursors(state: ForwardingOptions['state']) {
  const read = v.safeParse(cursorsShape, state.loadMark(MARK) ?? {});
  const cursors = new Map(Object.entries(read.success ? read.output : {}));
  const save = (): void => state.saveMark(MARK, Object.fromEntries(cursors));
  return {
    load: (name: string) => cursors.get(name),
    save(name: string, seq: number): void {
      if (cursors.get(name) === seq) return;
      cursors.set(name, seq);
      save();
    },
    names: () => [...cursors.keys()],
    forget(name: string): void {
      if (cursors.delete(name)) save();
    },
  };
}

/** @throws Error that says what is missing: a variable, a file */
async function openTarget(planned: PlannedForward, folder: string, clock: Clock): Promise<ForwardTarget> {
  const { kind, url, token, user, tenant, ca, labels } = planned;
  const secret = token === undefined ? undefined : resolveReference(token, folder, process.env);
  if (secret !== undefined && !secret.ok) throw new Error(secret.error);
  const options: TargetOptions = {
    url,
    labels,
    clock,
    env: process.env,
    ...(secret === undefined ? {} : { token: secret.value }),
    ...(user === undefined ? {} : { user }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
  };
  // Loaded where they are used: a daemon that forwards nothing has none of it in memory.
  if (kind === 'loki') return (await import('../forward/loki.ts')).openLoki(options);
  if (kind === 'otlp') return (await import('../forward/otlp.ts')).openOtlp(options);
  return (await import('../forward/syslog.ts')).openSyslogTarget(options);
}
