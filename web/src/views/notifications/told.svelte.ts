import { askNotifications, askSilences } from '../../api/generated.ts';
import { sentenceOf } from '../../live/asked.svelte.ts';
import { inTurns } from '../../live/in-turns.ts';

type View = Awaited<ReturnType<typeof askNotifications>>;
type Silences = Awaited<ReturnType<typeof askSilences>>;

/** What an agent says of its notifications. */
export interface Told {
  readonly agent: string;
  readonly view: View;
  readonly silences: Silences;
}
export type Incident = View['incidents'][number] & { readonly agent: string };
export type Channel = View['channels'][number] & { readonly agent: string };
export type Message = View['messages'][number] & { readonly agent: string };
export type SilenceOf = Silences[number] & { readonly agent: string };

const MOST = 200;
const AT_ONCE = 6;

/** What all agents say of their notifications, each as it was heard last. */
export class AllTold {
  byAgent = $state.raw<ReadonlyMap<string, Told>>(new Map());
  troubles = $state.raw<ReadonlyMap<string, string>>(new Map());
  isBusy = $state.raw(false);
  #turns = new Map<string, number>();
  #open = 0;

  /** @param agents those that are connected. */
  async load(agents: readonly string[], pending: boolean): Promise<void> {
    this.#open++;
    this.isBusy = true;
    await inTurns(agents, AT_ONCE, (agent) => this.#ask(agent, pending));
    this.isBusy = --this.#open > 0;
  }

  /** What was heard of others is forgotten: they are not here any more. */
  keepOnly(agents: readonly string[]): void {
    const isKnown = ([agent]: readonly [string, unknown]): boolean => agents.includes(agent);
    if (![...this.byAgent].every(isKnown)) this.byAgent = new Map([...this.byAgent].filter(isKnown));
    if (![...this.troubles].every(isKnown)) this.troubles = new Map([...this.troubles].filter(isKnown));
  }

  async #ask(agent: string, pending: boolean): Promise<void> {
    const turn = (this.#turns.get(agent) ?? 0) + 1;
    this.#turns.set(agent, turn);
    try {
      const [view, silences] = await Promise.all([
        askNotifications(agent, { pending, most: MOST }),
        askSilences(agent, {}),
      ]);
      if (turn !== this.#turns.get(agent)) return;
      this.byAgent = new Map(this.byAgent).set(agent, { agent, view, silences });
      this.#trouble(agent, undefined);
    } catch (error) {
      if (turn === this.#turns.get(agent)) this.#trouble(agent, sentenceOf(error));
    }
  }

  #trouble(agent: string, message: string | undefined): void {
    if (this.troubles.get(agent) === message) return;
    const troubles = new Map(this.troubles);
    if (message === undefined) troubles.delete(agent);
    else troubles.set(agent, message);
    this.troubles = troubles;
  }
}
