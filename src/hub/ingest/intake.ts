import type { Append } from '../threads/messages.ts';
import type { HubStore } from '../threads/hub-store.ts';
import type { SentRecord } from '../blocks/writer.ts';

/** A record as a protocol gives it that knows no numbers. `fields` is JSON or empty. */
export type IncomingRecord = Omit<SentRecord, 'seq' | 'fields'> & {
  readonly fields?: Readonly<Record<string, unknown>>;
};

/** Takes records that have no numbers: they are numbered as they come, and stored as a whole or not at all. */
export interface Intake {
  /**
   * Resolves when they are durable, or refused; nothing of them is stored then. Sent again they are there twice. `first` is the number
   * that the first of them was given.
   */
  take(agent: string, records: readonly IncomingRecord[]): Promise<Append & { readonly first?: number }>;
}

/** Numbers of the hub's own are of a series of their own, beside those that the agent gives. */
const SERIES = '~hub';

export function createIntake(store: Pick<HubStore, 'append' | 'lastOf'>): Intake {
  /** Of each agent the highest number that was given, or the question for it. */
  const numbers = new Map<string, Promise<{ last: number }>>();
  const numbersOf = (agent: string, series: string): Promise<{ last: number }> => {
    const known = numbers.get(agent);
    if (known !== undefined) return known;
    const asked = store.lastOf(series).then((last) => ({ last }));
    numbers.set(agent, asked);
    asked.catch(() => numbers.delete(agent));
    return asked;
  };
  return {
    async take(agent, records) {
      const series = `${agent}${SERIES}`;
      const number = await numbersOf(agent, series);
      // A number that is given and not stored is never given again: gaps mean nothing here.
      const first = number.last + 1;
      const numbered = records.map((record) => ({ seq: ++number.last, ...record }));
      return { ...(await store.append({ agent, series }, Buffer.from(JSON.stringify(numbered)))), first };
    },
  };
}
