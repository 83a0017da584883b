import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { ControlApi } from '../../app/control-api.ts';
import { statePaths } from '../../app/state.ts';
import { systemClock } from '../../core/clock.ts';
import type { Result } from '../../core/result.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import { openSqliteStoreReadOnly, type RecordReader } from '../../hub/store/sqlite.ts';
import { openLookHistory } from '../../watch/looks/history.ts';
import { findTried, type Wanted } from '../../app/try/tried-watch.ts';
import { type TrialResult, type TrialSources, tryWatch } from '../../app/try/trial.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, printJson } from '../output.ts';
import { readPastTime } from '../past-time.ts';
import { watchText } from '../../app/plan-lines/watches.ts';
import { trialText } from '../try-text.ts';

interface TryOptions extends JsonOption {
  readonly since?: number;
  readonly until?: number;
  readonly set?: readonly string[];
  readonly state?: string;
}

const SINCE = '7d';

export function addTry(program: Command): void {
  subcommand(
    program,
    'try <what> [watch]',
    'say what a watch (SERVICE/WATCH), as it is or changed, would have done: it is judged again by what was seen. With a SERVICE and a WATCH as it would stand in the config, one that is not there yet is tried',
  )
    .addOption(jsonOption())
    .option(
      '--set <key=value>',
      'with this key of the watch changed: within=60s; as often as needed',
      collect,
    )
    .option(
      '--since <time>',
      `from this time on: 10m (ago), or 2026-11-22T01:00Z; default ${SINCE}`,
      readPastTime,
    )
    .option('--until <time>', 'up to this time; default now', readPastTime)
    .option('--state <folder>', 'the state folder with the history; default: that of the config')
    .action(tryOne);
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

async function tryOne(what: string, text: string | undefined, options: TryOptions): Promise<void> {
  const { config, json, since = readPastTime(SINCE), set = [], state } = options;
  const until = options.until ?? systemClock.now();
  if (until <= since) throw new CommandError('usage', 'cannot try this: --until is not after --since');
  const { plan, loaded } = await requirePlan(config, false);
  const tried = findTried(loaded, plan, wantedOf(what, text, set));
  if (!tried.ok) throw new CommandError(tried.error.kind, tried.error.message);
  const { service, watch } = tried.value;
  const result = await withSources(
    { ...plan, state: state === undefined ? plan.state : resolve(state) },
    (sources) => tryWatch(tried.value, { since, until }, sources),
  );
  if (!result.ok) throw new CommandError('failed', result.error);
  const { name, ...rest } = watch;
  if (json) printJson({ service: service.name, watch: name, as: rest, ...result.value });
  else {
    const words = `${service.name}/${watchText(watch)}`;
    process.stdout.write(trialText(words, result.value, colours(process.stdout)));
  }
}

/** `SERVICE/WATCH`, or SERVICE with a watch as it is written. */
function wantedOf(what: string, text: string | undefined, sets: readonly string[]): Wanted {
  const slash = what.indexOf('/');
  const service = slash < 0 ? what : what.slice(0, slash);
  const watch = slash < 0 ? undefined : what.slice(slash + 1);
  if (watch === undefined && text === undefined)
    throw new CommandError(
      'usage',
      `cannot tell which watch of ${what} is meant: write ${what}/WATCH, or a watch behind it`,
    );
  return { service, watch, text, sets };
}

/** Opens what there is in the state folder; the daemon may run meanwhile. */
async function withSources(
  plan: TrialSources['plan'],
  work: (sources: TrialSources) => Result<TrialResult, string>,
): Promise<Result<TrialResult, string>> {
  const { looks, records, control } = statePaths(plan.state);
  const isRunning = (await createRpcClient<ControlApi>(control).call('status', {})).ok;
  const history = openLookHistory(looks);
  const store = openSqliteStoreReadOnly(records);
  try {
    if (!history.ok && !store.ok)
      throw new CommandError('failed', `cannot find any history in ${plan.state}: ${history.error.message}`);
    return work({
      plan,
      history: history.ok ? history.value : undefined,
      store: store.ok ? store.value : undefined,
      heardAt: isRunning || !store.ok ? null : lastHeard(store.value),
    });
  } finally {
    if (history.ok) history.value.close();
    if (store.ok) store.value.close();
  }
}

/** When the last record of the time line was written; wall milliseconds. */
function lastHeard(store: RecordReader): number {
  return Math.floor((store.query({ limit: 1, take: 'newest' })[0]?.received ?? 0) / 1000);
}
