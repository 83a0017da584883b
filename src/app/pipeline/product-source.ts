import { join } from 'node:path';
import type { ProductSource } from '../../core/products.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { Plan } from '../plan.ts';
import { statePaths } from '../state.ts';
import { pipelineFolder } from './folder.ts';

/** Products that are read at a time. */
const PAGE = 1000;

/** The products of the pipelines of a plan, read from their ledgers. */
export function productSource({ services, state }: Pick<Plan, 'services' | 'state'>): ProductSource {
  return {
    async *products(pipeline, steps) {
      const plan = services.find(({ name }) => name === pipeline)?.pipeline;
      if (plan === undefined) throw new Error(`cannot find a pipeline "${pipeline}"`);
      const opened = readLedger(pipelineFolder(statePaths(state), pipeline), pipeline);
      if (!opened.ok) throw opened.error;
      const ledger = opened.value;
      try {
        for (let after = ''; ; ) {
          const page = await ledger.products({ after, limit: PAGE });
          for (const {
            origin: step,
            path,
            version,
            size,
            sha256 = '',
            complete,
            firstSeen: changed,
          } of page) {
            if (steps?.includes(step) === false) continue;
            yield {
              pipeline,
              step,
              file: join(plan.products, path),
              path,
              version,
              size,
              sha256,
              complete,
              changed,
            };
          }
          const last = page.at(-1);
          if (last === undefined || page.length < PAGE) return;
          after = last.path;
        }
      } finally {
        ledger.close();
      }
    },
  };
}
