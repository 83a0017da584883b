import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { systemClock } from '../../src/core/clock.ts';
import type { Reading, WatchContext, WatchKind } from '../../src/watch/kind.ts';
import type { Judgement, WatchedLife } from '../../src/watch/judgement.ts';
import { leakCheck, onEnd, tempFolder } from './leaks.ts';

/** A watch of a service that is not run, in a folder of its own, on the real clock. */
export interface Watching {
  readonly folder: string;
  readonly capturedLog: string;
  /** Looks once, with the options parsed as the config would; the same watcher on every call. */
  look(request?: LookAt): Promise<Judgement>;
}

export interface LookAt {
  /** Wall milliseconds; default now. */
  readonly now?: number;
  readonly life?: Partial<WatchedLife>;
  /** Default 10 s; with 0 it is over at once. */
  readonly timeoutMs?: number;
}

export interface WatchingOptions {
  readonly context?: Partial<WatchContext>;
  /** Called with the folder before the watch is opened. */
  readonly prepare?: (folder: string) => void;
}

/** Opens a watch of the kind with the options as a config file has them. @throws where they do not fit its schema. */
export function openWatch<O>(
  t: TestContext,
  kind: WatchKind<O>,
  options: object,
  { context, prepare }: WatchingOptions = {},
): Watching {
  leakCheck(t);
  const folder = tempFolder(t);
  prepare?.(folder);
  const capturedLog = `${folder}/service.log`;
  const parsed = v.parse(kind.options, options);
  const whole: WatchContext = {
    service: 'svc',
    clock: systemClock,
    folder,
    env: { PATH: process.env['PATH'] ?? '' },
    capturedLog,
    graceMs: 10_000,
    figures: () => Promise.resolve(undefined),
    ...context,
  };
  const watcher = kind.open(parsed, whole);
  const judgeAgain = kind.replay?.judge(parsed, whole);
  onEnd(t, () => watcher.close?.());
  return {
    folder,
    capturedLog,
    async look({ now = Date.now(), life, timeoutMs = 10_000 } = {}) {
      const limit = new AbortController();
      if (timeoutMs === 0) limit.abort();
      const timer = setTimeout(() => limit.abort(), timeoutMs);
      const moment = { now, life: { id: 'life-1', pid: process.pid, startedAt: now - 3_600_000, ...life } };
      let reading: Reading | undefined;
      const keep = (given: Reading): boolean => {
        reading = JSON.parse(JSON.stringify(given)) as Reading;
        return true;
      };
      try {
        const judged = await watcher.look({ ...moment, signal: limit.signal, keep });
        // Whatever a test looks at: what the history keeps of it is judged the same, but for details.
        const { detail: _detail, ...plain } = judged;
        if (reading !== undefined) assert.deepEqual(judgeAgain?.(reading, moment), plain);
        return judged;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Sets when a file was written, wall milliseconds. */
export function writtenAt(file: string, at: number): void {
  fs.utimesSync(file, at / 1000, at / 1000);
}

/** The messages of the schema for options that do not fit; empty where they do. */
export function complaints<O>(kind: WatchKind<O>, options: unknown): string[] {
  const parsed = v.safeParse(kind.options, options);
  return parsed.success ? [] : parsed.issues.map((issue) => issue.message);
}
