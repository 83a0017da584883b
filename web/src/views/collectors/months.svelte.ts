import { askParts, askPlan } from '../../api/generated.ts';
import { monthBounds, type Parts } from './calendar.ts';

/** The parts of a collector in a month, and the folder that it writes to. Only the newest question's answer counts. */
export class Months {
  parts = $state.raw<Parts | undefined>();
  /** Of which month and collector `parts` is. */
  shown = $state.raw('');
  into = $state.raw<string | undefined>();
  trouble = $state.raw('');
  isLoading = $state.raw(false);
  #turn = 0;

  async load(agent: string, name: string, month: string): Promise<void> {
    const turn = ++this.#turn;
    const key = `${agent}/${name} ${month}`;
    this.isLoading = true;
    try {
      const { since, until } = monthBounds(month);
      const parts = await askParts(agent, { name, since, until });
      if (turn !== this.#turn) return;
      [this.parts, this.shown, this.trouble] = [parts, key, ''];
    } catch (error) {
      if (turn !== this.#turn) return;
      this.trouble = error instanceof Error ? error.message : String(error);
      if (this.shown !== key) this.parts = undefined;
    } finally {
      if (turn === this.#turn) this.isLoading = false;
    }
  }

  async loadFolder(agent: string, name: string): Promise<void> {
    this.into = undefined;
    try {
      const { lines } = await askPlan(agent, { name });
      this.into = lines.find(({ key }) => key === 'into')?.value;
    } catch {
      // Only the jobs of this folder are not found then; why stands at the calendar, which asks the same agent.
    }
  }

  /** What is asked does not count any more. */
  close(): void {
    this.#turn++;
  }
}
