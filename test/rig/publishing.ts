import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { systemClock } from '../../src/core/clock.ts';
import type { PipelineProduct, ProductSource } from '../../src/core/products.ts';
import { ok } from '../../src/core/result.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { historyPath, openHistory } from '../../src/jobs/verbs/publish/history.ts';
import type { HistoryRow } from '../../src/jobs/verbs/publish/history-tables.ts';
import { publishOptions } from '../../src/jobs/verbs/publish/options.ts';
import { publishKind } from '../../src/jobs/verbs/publish/publish.ts';
import { type Means, runPublish } from '../../src/jobs/verbs/publish/run.ts';
import { leakCheck, testStateId } from './leaks.ts';
import { contentsOf, memoryFolder, put, rigLedger, sha256, verbContext } from './lifecycle.ts';
import type { Sshd } from './sshd.ts';
import { NOBODY } from './staging.ts';
import { overSsh } from './syncing.ts';

export const NAMES = 'solo_{level}_{product}_{day}_V{version}{incomplete?}.*';
export const AS = '{level}/solo_{product}_{day}_V{version}{ext}';

export interface PublishRig {
  readonly base: string;
  readonly root: string;
  readonly there: string;
  /** Writes a source file; aged two days where nothing else is said. */
  readonly put: (path: string, data: string, mtimeMs?: number) => void;
  /** What lies at the target, by path. */
  readonly published: () => Record<string, string>;
  readonly sources: () => Record<string, string>;
  /** The latest row of each file, by path. */
  readonly rows: () => ReadonlyMap<string, HistoryRow>;
  /** How each file stands: `published as NAME`. */
  readonly states: () => Record<string, string>;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly now?: number; readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A folder of products, one that they are published to (over ssh where a server is given), and the verb at work on both. */
export function publishRig(t: TestContext, sshd?: Sshd, base = memoryFolder(t)): PublishRig {
  leakCheck(t);
  const root = join(base, 'products');
  const there = join(base, 'public');
  mkdirSync(root, { recursive: true });
  mkdirSync(there, { recursive: true });
  const ledger = rigLedger(t, base);
  const far = sshd === undefined ? { to: there } : overSsh(sshd, there);
  const rows = (): ReadonlyMap<string, HistoryRow> => {
    const opened = openHistory(historyPath(base, 'publish'));
    if (!opened.ok) throw opened.error;
    try {
      return opened.value.all();
    } finally {
      opened.value.close();
    }
  };
  return {
    base,
    root,
    there,
    put: (path, data, mtimeMs) => put(root, path, data, mtimeMs),
    published: () => contentsOf(there),
    sources: () => contentsOf(root),
    rows,
    states: () =>
      Object.fromEntries(
        [...rows().values()].map(({ path, state, publicName }) => [
          path,
          publicName === null ? state : `${state} as ${publicName}`,
        ]),
      ),
    async run(options = {}, { means = {}, ...more } = {}) {
      const env = { PATH: process.env['PATH'] ?? '', HOME: base, VAHTI_LIFE: `${testStateId}/publish` };
      const given = verbContext(ledger, base, { job: 'publish', env, ...more });
      const clock = { ...given.clock, sleep: systemClock.sleep };
      const written = v.parse(publishOptions, { root, ...far, wait: '0s', ...options });
      const outcome = await runPublish(written, { ...given, clock }, { writers: NOBODY, ...means });
      return { ...outcome, said: given.said };
    },
  };
}

/** What `vahti check` would say of options. */
export function problemsOf(options: Record<string, unknown>, pipelines = {}): readonly string[] {
  const parsed = v.parse(publishOptions, { root: '/data/products', to: '/data/public', ...options });
  const facts = { folder: '/', jobs: new Map(), pipelines: new Map(Object.entries(pipelines)) };
  return publishKind.problems?.(parsed, facts as never) ?? [];
}

/** A pipeline whose ledger knows these products. */
export function productsOf(
  root: string,
  products: Readonly<Record<string, Partial<PipelineProduct> & { readonly data: string }>>,
): ProductSource {
  return {
    async *products() {
      for (const [path, { data, ...more }] of Object.entries(products)) {
        await Promise.resolve();
        yield {
          step: 'L1',
          file: join(root, path),
          version: 1,
          bytes: Buffer.byteLength(data),
          mtimeNs: '1',
          sha256: sha256(data),
          complete: true,
          changed: 0,
          ...more,
        };
      }
    },
    hold: () => ok({ release() {} }),
  };
}
