import type { Principal } from '../server/principal.ts';

/** So many questions of one principal at a time, so that nobody's keep the others waiting; a few more wait for their turn. */
export interface Turns {
  /** @returns what ends the turn; undefined where too many wait already, or the signal aborts. */
  take(principal: Principal, signal: AbortSignal): Promise<(() => void) | undefined>;
}

interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

export function createTurns(atATime: number, mostWaiting: number): Turns {
  const lines = new Map<string, Line>();
  const take = (key: string, line: Line): (() => void) => {
    line.running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      line.running--;
      const [next] = line.waiting;
      if (next !== undefined) next();
      else if (line.running === 0) lines.delete(key);
    };
  };
  return {
    async take({ kind, name }, signal) {
      const key = `${kind} ${name}`;
      const line = lines.get(key) ?? { running: 0, waiting: new Set() };
      lines.set(key, line);
      if (line.running < atATime) return take(key, line);
      if (line.waiting.size >= mostWaiting || signal.aborted) return undefined;
      return new Promise((resolve) => {
        const over = (): void => {
          line.waiting.delete(next);
          resolve(undefined);
        };
        const next = (): void => {
          line.waiting.delete(next);
          signal.removeEventListener('abort', over);
          resolve(take(key, line));
        };
        line.waiting.add(next);
        signal.addEventListener('abort', over, { once: true });
      });
    },
  };
}
