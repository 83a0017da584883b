import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asError } from '../../core/result.ts';
import { RpcError } from '../../core/rpc.ts';
import { openLedger } from '../../jobs/ledger/sqlite.ts';
import type { AskParams, AskValue } from '../../wire/page/asks.ts';
import { loadConfig } from '../config/load.ts';
import type { Collecting, Origins, Plan, PlannedService } from '../plan.ts';
import { jobLines } from '../plan-lines/jobs.ts';
import { originText, type PlanLine } from '../plan-lines/line.ts';
import { serviceLines } from '../plan-lines/services.ts';
import type { AskSources } from './asks.ts';
import type { BoardOptions } from './board.ts';
import { cut } from './cut.ts';
import { lookAtParts } from './parts-look.ts';

type LookOptions = Pick<BoardOptions, 'plan' | 'systemd' | 'clock'>;

/** What is asked for by the hub alone: plans and parts. */
export function createLooks(options: LookOptions): AskSources['looks'] {
  const { plan, clock } = options;
  return {
    async plan(name) {
      const service = serviceOf(plan(), name);
      const origins = await originsOf(service, options);
      const at = (key: string): string =>
        origins === undefined ? '' : originText(origins.get(`services.${name}.${key}`));
      return planned(plan(), serviceLines(service, at));
    },
    async jobPlan(name) {
      const { jobs = [] } = plan();
      const job = jobs.find((each) => each.name === name);
      if (job !== undefined) return planned(plan(), jobLines(job, clock.now()));
      const known = jobs.map((each) => each.name);
      throw new RpcError('unknown-job', `cannot find a job "${name}"`, { name, known });
    },
    parts: (asked) => parts(asked, options),
  };
}

function serviceOf({ services }: Plan, name: string): PlannedService {
  const found = services.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = services.map((each) => each.name);
  throw new RpcError('unknown-service', `cannot find a service "${name}"`, { name, known });
}

/** The lines of the config that the values of a service stand in; undefined where the file says something else by now. */
async function originsOf(
  service: PlannedService,
  { plan, systemd }: LookOptions,
): Promise<Origins | undefined> {
  const loaded = await loadConfig(plan().file, systemd || undefined);
  const now = loaded.plan?.services.find(({ name }) => name === service.name);
  return JSON.stringify(now) === JSON.stringify(service) ? loaded.origins : undefined;
}

function planned({ file }: Plan, lines: readonly PlanLine[]): AskValue<'plan'> {
  return {
    file,
    lines: lines.map(({ key, value, from }) => ({ key, value: cut(withoutLogins(value)), from })),
  };
}

/** More people look at a page than at a shell: who an address logs in as is not for all of them. */
function withoutLogins(value: string): string {
  return value.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']*@/gi, '$1…@');
}

async function parts(
  { name, ...window }: AskParams<'parts'>,
  { plan, clock }: LookOptions,
): Promise<AskValue<'parts'>> {
  const service = serviceOf(plan(), name);
  if (service.collect === undefined)
    throw new RpcError('refused', `cannot show parts of ${name}: it is no collector`);
  const file = join(plan().state, 'ledger.db');
  const ledger = existsSync(file) ? openLedger(file, clock) : undefined;
  try {
    return await lookAtParts(service as Collecting, window, {
      ledger: ledger?.ok === true ? ledger.value : undefined,
      clock,
    });
  } catch (thrown) {
    throw new RpcError('failed', `cannot read the parts of ${name}: ${asError(thrown).message}`);
  } finally {
    if (ledger?.ok === true) ledger.value.close();
  }
}
