import { relative } from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import type { Runner } from '../core/runner.ts';
import { logFileOf } from './config/limits.ts';
import { type FileWatch, watchFiles } from './file-watch.ts';
import type { Plan, PlannedService } from './plan.ts';

type Reloaded = Pick<Runner, 'snapshot' | 'restart'>;

export interface ReloadOnOptions {
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** Captured logs: that they grow is no change of a source. */
  readonly logs: readonly string[];
}

/** So many changes in a row, each within so short a life, are the service's own doing: it writes what it is restarted for. */
const MOST_QUICK = 10;
const QUICK_MS = 10_000;
const PAUSE_MS = 60_000;

/** Restarts a service with a person's right (at once, its tally forgotten) when its sources change. Undefined without `reload-on`. */
export function reloadOnChange(
  planned: PlannedService,
  service: Pick<Runner, 'snapshot' | 'restart'>,
  { clock, records, logs }: ReloadOnOptions,
): FileWatch | undefined {
  const { name, reloadOn: globs, cwd } = planned;
  if (globs === undefined) return undefined;
  let quick = 0;
  let pause: Timer | undefined;
  let missed: readonly string[] = [];
  const warn = (message: string): void => records([warning(name, message, clock)]);
  const isLog = (file: string): boolean => logs.some((log) => file === log || file.startsWith(`${log}.`));
  const onChange = (all: readonly string[]): void => {
    const files = all.filter((file) => !isLog(file));
    if (files.length === 0) return;
    const { state, wanted, startedAt } = service.snapshot();
    // A stop on purpose holds; what waits for something else takes the new files when it starts.
    if (!wanted || state === 'stopped' || state === 'blocked') return;
    if (pause !== undefined) {
      missed = files;
      return;
    }
    quick = startedAt !== null && clock.now() - startedAt < QUICK_MS ? quick + 1 : 0;
    if (quick > MOST_QUICK) {
      warn(`reload-on: ${MOST_QUICK} restarts in a row within 10 s; it may change its own files: waits 1m`);
      missed = files;
      pause = clock.timer(PAUSE_MS, resume);
      return;
    }
    service.restart('person', `${named(files, cwd)} changed`, 'a changed file');
  };
  const resume = (): void => {
    pause = undefined;
    quick = 0;
    if (missed.length > 0) onChange(missed);
    missed = [];
  };
  const watch = watchFiles({
    globs,
    cwd,
    clock,
    onChange,
    onTrouble: (message) => warn(`reload-on: ${message}`),
  });
  return {
    close() {
      pause?.cancel();
      return watch.close();
    },
  };
}

function named(files: readonly string[], cwd: string): string {
  const [first = '', ...more] = files;
  return relative(cwd, first) + (more.length === 0 ? '' : ` and ${more.length} more`);
}

function warning(service: string, message: string, clock: Clock): RecordDraft {
  const about = { service, life: '', kind: 'note', level: LEVELS.warn, sender: 'daemon' } as const;
  return { ...about, time: clock.micros(), message };
}

/** The watches of all services that have one. */
export interface Reloads {
  add(planned: PlannedService, service: Reloaded, plan: Plan): void;
  remove(name: string): Promise<void>;
}

export function createReloads(options: Omit<ReloadOnOptions, 'logs'>): Reloads {
  const watches = new Map<string, FileWatch>();
  return {
    add(planned, service, plan) {
      const logs = plan.services.map((each) => logFileOf(each, plan.state));
      const watch = reloadOnChange(planned, service, {
        clock: options.clock,
        records: options.records,
        logs,
      });
      if (watch !== undefined) watches.set(planned.name, watch);
    },
    async remove(name) {
      await watches.get(name)?.close();
      watches.delete(name);
    },
  };
}
