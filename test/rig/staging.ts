import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { disk, type Files } from '../../src/core/files.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { stageOptions } from '../../src/jobs/verbs/stage/options.ts';
import { type Means, runStage } from '../../src/jobs/verbs/stage/run.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';

/** A look through /proc costs more than all the rest of a small run. */
export const NOBODY = { has: () => false };

/** The arrival of a file is now, whatever the clock of a rig shows: by this one it came a while ago. */
export const LATER_MS = 60_000;

export interface StageRig {
  readonly root: string;
  readonly to: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly now?: number; readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A folder that files arrive in, one that they are moved to, and the verb at work on both. */
export function stageRig(context: TestContext): StageRig {
  const base = memoryFolder(context);
  const root = join(base, 'incoming');
  const to = join(base, 'work');
  mkdirSync(root);
  mkdirSync(to);
  const ledger = rigLedger(context, base);
  return {
    root,
    to,
    ledger,
    async run(options = {}, { means, ...more } = {}) {
      const given = verbContext(ledger, base, { job: 'stage', now: Date.now() + LATER_MS, ...more });
      const outcome = await runStage(v.parse(stageOptions, { root, to, ...options }), given, means);
      return { ...outcome, said: given.said };
    },
  };
}

/** A disk on which two folders are file systems of their own: no rename leads from one to the other. */
export function divided(root: string, to: string, files: Files = disk): Files {
  return {
    ...files,
    rename: (from, into) =>
      from.startsWith(`${root}/`) && into.startsWith(`${to}/`)
        ? Promise.reject(Object.assign(new Error('EXDEV: cross-device link'), { code: 'EXDEV' }))
        : files.rename(from, into),
  };
}
