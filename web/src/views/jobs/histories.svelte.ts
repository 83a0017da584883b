import { askJobHistory } from '../../api/generated.ts';
import { sentenceOf } from '../../live/asked.svelte.ts';
import { hub, keyOf, type Job } from '../../live/hub.svelte.ts';
import { inTurns } from '../../live/in-turns.ts';
import { runOf, type Run } from './runs.ts';

export interface History {
  /** Oldest first. */
  readonly runs: readonly Run[];
  /** What was before this moment was not asked for; undefined: there is nothing before. */
  readonly since: number | undefined;
}

interface Portion {
  readonly agent: string;
  readonly names: readonly string[];
}

const NAMES = 10;
const ROWS = 1000;
const AT_ONCE = 4;

/** The runs of the jobs that are shown, as their daemons have them. */
export class Histories {
  byJob = $state.raw<ReadonlyMap<string, History>>(new Map());
  /** Why there is none of an agent. */
  troubles = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** Agents that cannot be asked. */
  away = $state.raw<readonly string[]>([]);
  #turn = 0;

  /** What was known of others is forgotten. */
  async load(jobs: readonly Pick<Job, 'agent' | 'name'>[], rows = ROWS): Promise<void> {
    const turn = ++this.#turn;
    const troubles = new Map<string, string>();
    const known = new Map<string, History>();
    const away = new Set<string>();
    await inTurns(portionsOf(jobs), AT_ONCE, async ({ agent, names }) => {
      if (turn !== this.#turn || troubles.has(agent)) return;
      if (hub.agent(agent)?.connected === false) {
        away.add(agent);
        return;
      }
      try {
        for (const [name, history] of await ask(agent, names, rows)) known.set(name, history);
      } catch (error) {
        troubles.set(agent, sentenceOf(error));
      }
    });
    if (turn !== this.#turn) return;
    for (const job of jobs) {
      const [key, before] = [keyOf(job), this.byJob.get(keyOf(job))];
      if (!known.has(key) && before !== undefined) known.set(key, before);
    }
    [this.byJob, this.troubles, this.away] = [known, troubles, [...away]];
  }
}

async function ask(agent: string, names: readonly string[], limit: number): Promise<Map<string, History>> {
  const rows = await askJobHistory(agent, { names, limit });
  const since = rows.length < limit ? undefined : rows.at(-1)?.started;
  const byName = new Map<string, Run[]>(names.map((name) => [name, []]));
  for (const row of rows) byName.get(row.job)?.push(runOf(row));
  return new Map([...byName].map(([name, runs]) => [`${agent}/${name}`, { runs: runs.toReversed(), since }]));
}

function portionsOf(jobs: readonly Pick<Job, 'agent' | 'name'>[]): readonly Portion[] {
  return [...Map.groupBy(jobs, ({ agent }) => agent)].flatMap(([agent, own]) =>
    Array.from({ length: Math.ceil(own.length / NAMES) }, (_, at) => ({
      agent,
      names: own.slice(at * NAMES, (at + 1) * NAMES).map(({ name }) => name),
    })),
  );
}
