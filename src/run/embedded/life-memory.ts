import type { Clock } from '../../core/clock.ts';
import { LEVELS } from '../../core/record.ts';
import type { MemoryFigure } from '../../core/runner.ts';
import type { RecordEffect } from '../service-state.ts';
import type { Life } from './life.ts';
import { guardMemory, type MemoryGuard, type MemoryLimits } from './memory-limit.ts';

/** The memory of a service, one life after the other: a graceful restart above the soft limit, KILL above the hard one. */
export interface LifeMemory {
  begin(life: Pick<Life, 'pid' | 'memory' | 'kill'>): void;
  /** The tree of the life is gone. */
  end(): void;
  /** What the present life takes; null where there is no limit, or nothing was seen yet. */
  figure(): MemoryFigure | null;
  /** An exit in words, with the reason where it was a kill for its memory. */
  explain(exit: string): string;
}

export interface LifeMemoryDeps {
  readonly clock: Clock;
  readonly restart: (reason: string) => void;
  readonly tell: (record: RecordEffect) => void;
}

/** What is said of a tree that had to be killed, when it was not for its memory. */
const AFTER_KILL = /[,;] (?:killed at the stop deadline|the rest of its processes had to be killed)$/;

export function createLifeMemory(limits: MemoryLimits | undefined, deps: LifeMemoryDeps): LifeMemory {
  let guard: MemoryGuard | undefined;
  let killedFor: string | undefined;
  const end = (): void => {
    guard?.close();
    guard = undefined;
  };
  return {
    begin(life) {
      end();
      killedFor = undefined;
      if (limits === undefined || life.pid === undefined) return;
      guard = guardMemory({
        limits,
        clock: deps.clock,
        measure: life.memory,
        onSoft: deps.restart,
        onHard(reason) {
          killedFor = reason;
          const fields = { action: 'kill', by: 'vahti' };
          deps.tell({ kind: 'action', level: LEVELS.error, message: `kill by vahti: ${reason}`, fields });
          life.kill();
        },
      });
    },
    end,
    figure: () => guard?.figure() ?? null,
    explain: (exit) => (killedFor === undefined ? exit : `${exit.replace(AFTER_KILL, '')}; ${killedFor}`),
  };
}
