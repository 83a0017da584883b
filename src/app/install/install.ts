import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { lookupUser } from '../../core/processes.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { UnitFacts } from '../../core/units.ts';
import { showUnits } from '../../run/systemd/systemctl.ts';
import { isInstalledConfig } from '../layout.ts';
import type { Plan } from '../plan.ts';
import { statePaths } from '../state.ts';
import { DAEMON_UNIT } from '../unit-names.ts';
import { applyInstall } from './apply.ts';
import { type Before, type Changes, compareInstalls } from './changes.ts';
import { hasSystemd, readOwnFiles } from './machine.ts';
import { installProblems } from './problems.ts';
import { rebase } from './rebase.ts';
import { type Rendered, renderInstall, UNIT_FOLDER } from './render.ts';
import { type InstallTarget, OWN_GROUP, OWN_USER } from './target.ts';

export interface InstallWish {
  /** As the config says it, paths of an image with its root. */
  readonly plan: Plan;
  /** Who it is to run as; undefined: as before, or the user that is made for it. */
  readonly user: string | undefined;
  /** Of an image; '' is the machine itself. */
  readonly root: string;
  readonly program: readonly string[];
  readonly version: string;
  readonly clock: Clock;
}

/** An install that was thought through: nothing is touched before `apply`. */
export interface Install {
  readonly changes: Changes;
  readonly rendered: Rendered;
  /** What keeps it from being done; whole sentences. */
  readonly problems: readonly string[];
  apply(how: {
    readonly starts: boolean;
    readonly say: (line: string) => void;
  }): Promise<Result<void, string>>;
}

export async function planInstall(wish: InstallWish): Promise<Install> {
  const { root, clock } = wish;
  const files = readOwnFiles(root);
  const target = await targetOf(wish, wish.user ?? userOf(files));
  const rendered = renderInstall(target);
  const names = [...rendered.units.map(({ name }) => name), ...files.map(({ path }) => path)]
    .filter((name) => name.endsWith('.service'))
    .map((name) => name.slice(name.lastIndexOf('/') + 1));
  const before: Before = {
    root,
    files,
    has: (path) => existsSync(root + path),
    ...readPlan(root + statePaths(target.plan.state).plan),
    facts: root === '' ? await factsOf([...new Set(names)], clock) : new Map<string, UnitFacts>(),
  };
  const changes = compareInstalls(before, rendered, target.plan);
  const problems = await installProblems(target, rendered, before, clock);
  return {
    changes,
    rendered,
    problems,
    async apply({ starts, say }) {
      if (problems.length > 0) return err(problems[0] ?? '');
      return applyInstall({ target, before, changes, starts, clock, say });
    },
  };
}

/** What an installed machine was installed for: what doctor measures. */
export async function targetOf(wish: Omit<InstallWish, 'clock'>, user = OWN_USER): Promise<InstallTarget> {
  const { root, program, version } = wish;
  const plan = rebase(wish.plan, root);
  const users = new Set([
    user,
    ...[...plan.services, ...(plan.jobs ?? [])].flatMap((each) => each.user ?? []),
  ]);
  const homes = new Map<string, string>([[OWN_USER, '/var/lib/vahti']]);
  for (const name of users) {
    const found = root === '' ? await lookupUser(name) : undefined;
    if (found !== undefined) homes.set(name, found.home);
  }
  return { plan, user, group: groupOf(plan, user), program: rebase([...program], root), version, homes };
}

/** The daemon's group of an installed layout; of any other, the group that its user has by itself. */
function groupOf(plan: Plan, user: string): string {
  return isInstalledConfig(plan.file) || user === OWN_USER ? OWN_GROUP : user;
}

/** Who the installed daemon runs as. */
export function userOf(
  files: readonly { readonly path: string; readonly text: string }[],
): string | undefined {
  const daemon = files.find(({ path }) => path === join(UNIT_FOLDER, DAEMON_UNIT));
  return /^User=(.+)$/m.exec(daemon?.text ?? '')?.[1];
}

/** The plan that units run on, and what a daemon has added to it. */
function readPlan(path: string): Pick<Before, 'plan' | 'lives'> {
  try {
    const { lives, ...plan } = JSON.parse(readFileSync(path, 'utf8')) as Plan & { readonly lives?: unknown };
    return plan.v === 1 ? { plan, lives } : { plan: undefined };
  } catch {
    // None that a unit could run on.
    return { plan: undefined };
  }
}

async function factsOf(names: readonly string[], clock: Clock): Promise<ReadonlyMap<string, UnitFacts>> {
  const shown = hasSystemd() ? await showUnits(names, { clock, life: 'vahti-install' }) : ok([]);
  return new Map((shown.ok ? shown.value : []).map((facts) => [facts.name, facts]));
}
