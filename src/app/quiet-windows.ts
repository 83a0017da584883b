import { jobService } from '../jobs/job.ts';
import { followWindow } from '../core/windows.ts';
import type { Quiet } from '../watch/holds.ts';
import type { Plan, PlannedQuiet } from './plan.ts';

/** A window, and the service that it is for; null where it is for everything. */
export interface ListedWindow extends PlannedQuiet {
  readonly service: string | null;
}

/** The windows of the plan that is in force. */
export interface QuietWindows {
  use(plan: Plan): void;
  /** Those that are for a service, or for a job (`job/NAME`). */
  of(service: string): readonly Quiet[];
  /** Those that are for everything, then those of services. */
  list(): readonly ListedWindow[];
}

export function createQuietWindows(): QuietWindows {
  let ofAll: readonly Quiet[] = [];
  let ofService = new Map<string, readonly Quiet[]>();
  let listed: readonly ListedWindow[] = [];
  // Many services share a window: it is followed once.
  let followed = new Map<string, Quiet>();
  const follow = (windows: readonly PlannedQuiet[] = []): readonly Quiet[] =>
    windows.map((planned) => {
      const key = JSON.stringify(planned);
      const known = followed.get(key) ?? { why: planned.why, end: followWindow(planned.window).end };
      followed.set(key, known);
      return known;
    });
  return {
    use({ quiet, services, jobs = [] }) {
      followed = new Map();
      ofAll = follow(quiet);
      const ofJobs = jobs.map((job) => ({
        name: jobService(job.name),
        quiet: [...(quiet ?? []), ...(job.quiet ?? [])],
      }));
      const all = [...services, ...ofJobs];
      ofService = new Map(all.map((each) => [each.name, follow(each.quiet)]));
      const known = new Set(quiet?.map((window) => JSON.stringify(window)));
      const own = all.flatMap(({ name, quiet: windows = [] }) =>
        windows
          .filter((window) => !known.has(JSON.stringify(window)))
          .map((window) => ({ ...window, service: name })),
      );
      listed = [...(quiet ?? []).map((window) => ({ ...window, service: null })), ...own];
    },
    list: () => listed,
    of: (service) => ofService.get(service) ?? ofAll,
  };
}
