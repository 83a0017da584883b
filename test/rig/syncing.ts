import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { systemClock } from '../../src/core/clock.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { syncOptions } from '../../src/jobs/verbs/sync/options.ts';
import { type Means, runSync } from '../../src/jobs/verbs/sync/run.ts';
import { leakCheck, testStateId } from './leaks.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';
import type { Sshd } from './sshd.ts';

const SETTLE_MS = 10_000;

export interface SyncRig {
  readonly base: string;
  /** The folder here. */
  readonly root: string;
  /** The folder there. */
  readonly there: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly now?: number; readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A folder here, one there, and a job `offsite` that carries from the one to the other: over ssh where a server is given. */
export function syncRig(t: TestContext, sshd?: Sshd, names = { root: 'data', there: 'far' }): SyncRig {
  leakCheck(t);
  const base = memoryFolder(t);
  const root = join(base, names.root);
  const there = join(base, names.there);
  mkdirSync(root);
  mkdirSync(there);
  const ledger = rigLedger(t, base);
  const far = sshd === undefined ? { to: there } : overSsh(sshd, there);
  return {
    base,
    root,
    there,
    ledger,
    async run(options = {}, { means, ...more } = {}) {
      const env = { PATH: process.env['PATH'] ?? '', HOME: base, VAHTI_LIFE: `${testStateId}/sync` };
      const given = verbContext(ledger, base, { job: 'offsite', env, ...more });
      const clock = more.clock ?? { ...given.clock, sleep: shortSleep };
      const written = { root, reverify: 'none', ...('from' in options ? {} : far), ...options };
      const outcome = await runSync(v.parse(syncOptions, written), { ...given, clock }, means);
      return { ...outcome, said: given.said };
    },
  };
}

/** Waits for a process to end are as long as they are; those for a file to settle are over at once. */
async function shortSleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  return ms >= SETTLE_MS ? signal?.aborted !== true : systemClock.sleep(ms, signal);
}

/** Options by which a folder is reached over ssh. */
export function overSsh(sshd: Sshd, there: string, key: 'to' | 'from' = 'to'): Record<string, unknown> {
  return { [key]: `${sshd.host}:${there}`, identity: sshd.identity, 'ssh-options': sshd.options };
}
