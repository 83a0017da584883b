import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { disk, type Files } from '../../src/core/files.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { archiveOptions } from '../../src/jobs/verbs/archive/options.ts';
import { createPacking } from '../../src/jobs/verbs/archive/packing.ts';
import { type Means, runArchive } from '../../src/jobs/verbs/archive/run.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';

export const H8 = '2026-11-18/2026-11-18T08.ndjson';
export const H9 = '2026-11-18/2026-11-18T09.ndjson';
export const TEXT = '{"seq":1}\n{"seq":2}\n'.repeat(500);

/** Everything in this thread, on these files. */
export const inline = (files: Files = disk): Means => ({ files, packing: createPacking(files) });

export interface ArchiveRig {
  readonly root: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { now?: number; means?: Means },
  ) => Promise<VerbOutcome & { said: readonly string[] }>;
}

/** A folder, a ledger, and the verb at work on both. */
export function archiveRig(context: TestContext, folder = 'data'): ArchiveRig {
  const base = memoryFolder(context);
  const root = join(base, folder);
  const ledger = rigLedger(context, base);
  return {
    root,
    ledger,
    async run(options = {}, { means = inline(), ...more } = {}) {
      const given = verbContext(ledger, base, more);
      const outcome = await runArchive(v.parse(archiveOptions, { root, ...options }), given, means);
      return { ...outcome, said: given.said };
    },
  };
}
