import { join } from 'node:path';
import type { ProductSource } from '../../core/products.ts';
import { realPath } from '../../jobs/files/within.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { Plan } from '../plan.ts';
import { statePaths } from '../state.ts';
import { pipelineFolder } from './folder.ts';
import { holdProducts } from './products-lock.ts';

/** Products that are read at a time. */
const PAGE = 1000;

/** The products of the pipelines of a plan, read from their ledgers. */
export function productSource({ services, state }: Pick<Plan, 'services' | 'state'>): ProductSource {
  return {
    async *products(pipeline, steps) {
      const plan = services.find(({ name }) => name === pipeline)?.pipeline;
      if (plan === undefined) throw new Error(`cannot find a pipeline "${pipeline}"`);
      const opened = readLedger(pipelineFolder(statePaths(state), pipeline), pipeline);
      if (!opened.ok) throw new Error(opened.error.message, { cause: opened.error });
      const ledger = opened.value;
      // A job finds its folder by the real path, too.
      const folder = realPath(plan.products);
      try {
        ledger.atOneMoment();
        for (let after = ''; ; ) {
          const page = await ledger.products({ after, limit: PAGE });
          for (const { origin: step, path, version, size, mtimeNs, sha256, complete, firstSeen } of page) {
            if (steps?.includes(step) === false) continue;
            const file = join(folder, path);
            const known = sha256 === undefined || sha256 === '' ? {} : { sha256 };
            yield { step, file, version, bytes: size, mtimeNs, ...known, complete, changed: firstSeen };
          }
          const last = page.at(-1);
          if (last === undefined || page.length < PAGE) return;
          after = last.path;
        }
      } finally {
        ledger.close();
      }
    },
    hold: (folder) =>
      holdProducts(
        state,
        folder,
        services.flatMap(({ pipeline }) => pipeline?.products ?? []),
      ),
  };
}
