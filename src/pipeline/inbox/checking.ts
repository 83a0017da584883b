import { namesIn, parseTemplate } from '../../core/template.ts';
import type { InboxPlan } from '../plan.ts';
import type { Checks } from './checks.ts';
import type { Clocks, Pending } from './pending.ts';
import { lookOf } from './settling.ts';

/** Has files checked, as many at a time as there is room for, and writes the answers down in them. */
export interface Checking {
  /** Has a file checked, where that is not on its way already. One that finds no room comes due again soon. */
  begin(file: Pending, kind: 'hash' | 'gate'): void;
  readonly hasRoom: boolean;
  /** What a gate that names no file has just said, as it answers for all that wait; undefined where it has to be asked. */
  lastGate(): Pending['gate'] | undefined;
}

export interface CheckingOptions {
  readonly plan: Pick<InboxPlan, 'gate'>;
  readonly checks: Pick<Checks, 'checksum' | 'gate'>;
  readonly clocks: Clocks;
  /** Whether this file is on its way still: else nobody wants the answer. */
  readonly isWanted: (file: Pending) => boolean;
  /** Something came due. */
  readonly wake: () => void;
  /** A check has thrown: a bug. */
  readonly fail: (thrown: unknown) => void;
}

/** A file that could not be read is read again after so long. */
const READ_AGAIN_MS = 5000;
/** Files that wait for an answer, at a time; and when a file is looked at again that found no room among them. */
const MOST = 256;
const NO_ROOM_MS = 50;
/** The answer of a gate that names no file stands for so long: those that found no room come meanwhile. */
const STANDS_MS = 1000;

export function createChecking({ plan, checks, clocks, isWanted, wake, fail }: CheckingOptions): Checking {
  const isShared = plan.gate?.run.every((word) => namesIn(parseTemplate(word)).length === 0) === true;
  let waiting = 0;
  let last: { readonly at: number; readonly gate: Exclude<Pending['gate'], 'unasked'> } | undefined;
  return {
    get hasRoom() {
      return waiting < MOST;
    },
    lastGate() {
      const now = clocks.monotonic();
      if (!isShared || last === undefined || now >= last.at + STANDS_MS) return undefined;
      return last.gate === 'open' || now < last.gate.closedUntil ? last.gate : undefined;
    },
    begin(file, kind) {
      const look = lookOf(file.identity);
      const word = `${kind} ${look}`;
      if (file.checking === word) return;
      if (waiting >= MOST) {
        file.due = clocks.monotonic() + NO_ROOM_MS;
        return;
      }
      file.checking = word;
      waiting++;
      const answered = (): boolean => {
        waiting--;
        if (file.checking !== word) return false;
        file.checking = undefined;
        file.due = clocks.monotonic();
        return isWanted(file) && lookOf(file.identity) === look;
      };
      const takeSum = (sum: string | undefined): void => {
        if (!answered()) return;
        file.sha256 = sum;
        if (sum === undefined) file.due += READ_AGAIN_MS;
        wake();
      };
      const takeGate = (isOpen: boolean): void => {
        const at = clocks.monotonic();
        const gate = isOpen ? 'open' : { closedUntil: at + (plan.gate?.every ?? 0) };
        last = { at, gate };
        if (!answered()) return;
        file.gate = gate;
        wake();
      };
      const asked =
        kind === 'hash' ? checks.checksum(file.path).then(takeSum) : checks.gate(file.path).then(takeGate);
      asked.catch(fail);
    },
  };
}
