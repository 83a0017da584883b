import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import type { Ledger } from '../../src/core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { unpackOptions } from '../../src/jobs/verbs/unpack/options.ts';
import { type Means, runUnpack } from '../../src/jobs/verbs/unpack/run.ts';
import { testStateId } from './leaks.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';
import { LATER_MS, NOBODY } from './staging.ts';

export interface UnpackRig {
  readonly base: string;
  readonly root: string;
  readonly to: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly now?: number; readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A folder that archives arrive in, one that they are unpacked to, and the verb at work on both. */
export function unpackRig(context: TestContext): UnpackRig {
  const base = memoryFolder(context);
  const root = join(base, 'incoming');
  const to = join(base, 'unpacked');
  mkdirSync(root);
  mkdirSync(to);
  const ledger = rigLedger(context, base);
  return {
    base,
    root,
    to,
    ledger,
    async run(options = {}, { means = { writers: NOBODY }, ...more } = {}) {
      const env = { PATH: process.env['PATH'] ?? '', VAHTI_LIFE: `${testStateId}/unpack` };
      const given = verbContext(ledger, base, { job: 'unpack', env, now: Date.now() + LATER_MS, ...more });
      const outcome = await runUnpack(v.parse(unpackOptions, { root, to, ...options }), given, means);
      return { ...outcome, said: given.said };
    },
  };
}
