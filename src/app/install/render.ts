import { dirname, join } from 'node:path';
import { polkitRule, sysusers, tmpfiles } from '../../deploy/rights.ts';
import type { JobUnitSpec, ServiceUnitSpec, UnitSpec } from '../../deploy/unit-specs.ts';
import { renderDaemon, type RenderedUnit, renderJob, renderService } from '../../deploy/units.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import { environmentFileOf, isInstalledConfig } from '../layout.ts';
import { pipelineFolder } from '../pipeline/folder.ts';
import { isBuiltIn, type Plan, type PlannedService } from '../plan.ts';
import { smallEnvironment, smallProgram } from '../small-memory.ts';
import { statePaths } from '../state.ts';
import { DAEMON_UNIT, jobUnit, serviceUnit } from '../unit-names.ts';
import { daemonSandbox, jobSandbox, serviceSandbox } from './sandboxes.ts';
import { type InstallTarget, isRoot, type NeededFolder, OWN_GROUP, OWN_USER } from './target.ts';

/** A file that an install writes. */
export interface InstallFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Everything that an install makes of a plan. The same for the same input, to the byte. */
export interface Rendered {
  readonly units: readonly RenderedUnit[];
  /** The units, and what stands beside them. */
  readonly files: readonly InstallFile[];
  readonly folders: readonly NeededFolder[];
}

export const UNIT_FOLDER = '/etc/systemd/system';
export const POLKIT_FILE = '/etc/polkit-1/rules.d/50-vahti.rules';
export const SYSUSERS_FILE = '/etc/sysusers.d/vahti.conf';
export const TMPFILES_FILE = '/etc/tmpfiles.d/vahti.conf';

/** Exit codes of our own program that mean a config that cannot be used: src/cli/exit-codes.ts. */
const CONFIG_ERRORS = [2];
const DAEMON_STOP_MS = 90_000;
const JOB_STOP_MS = 90_000;
/** The run ends itself at its timeout; what hangs is ended by systemd so much later. */
const JOB_GRACE_MS = 120_000;

export function renderInstall(target: InstallTarget): Rendered {
  const { plan, user } = target;
  const { file } = plan;
  const units = [
    renderDaemon(daemonSpec(target)),
    ...plan.services
      .filter(({ unit }) => unit === undefined)
      .map((each) => renderService(serviceSpec(each, target))),
    ...(plan.jobs ?? []).map((each) => renderJob(jobSpec(each, target))),
  ];
  const folders = foldersOf(target);
  const ruled = [
    ...units.map(({ name }) => name).filter((name) => name !== DAEMON_UNIT),
    ...plan.services.flatMap(({ unit }) => unit ?? []),
  ];
  const files: InstallFile[] = units.map(({ name, text }) => ({ path: `${UNIT_FOLDER}/${name}`, text }));
  if (!isRoot(user)) files.push({ path: POLKIT_FILE, text: polkitRule(file, user, ruled) });
  if (user === OWN_USER || isInstalledConfig(file))
    files.push({
      path: SYSUSERS_FILE,
      text: sysusers(file, user === OWN_USER ? OWN_USER : undefined, OWN_GROUP),
    });
  const kept = folders.filter((each) => each.group !== undefined && isInstalledConfig(file));
  if (kept.length > 0)
    files.push({
      path: TMPFILES_FILE,
      text: tmpfiles(
        file,
        kept.map((each) => ({ ...each, group: each.group ?? OWN_GROUP })),
      ),
    });
  return { units, files, folders };
}

/** Where systemd looks for programs, and the folder of our own Node. */
function searchPath(program: readonly string[]): string {
  const [node = process.execPath] = program;
  const folders = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split(':');
  const own = dirname(node);
  return [...folders, ...(folders.includes(own) ? [] : [own])].join(':');
}

function common(target: InstallTarget): Pick<UnitSpec, 'config' | 'environmentFile' | 'env'> {
  const { file } = target.plan;
  return {
    config: file,
    environmentFile: environmentFileOf(file),
    env: { PATH: searchPath(target.program) },
  };
}

function isOther(user: string | undefined, target: InstallTarget): boolean {
  return user !== undefined && user !== target.user;
}

/** Who a unit runs as. Our own program, run by another user than the daemon's, needs the group for what both write. */
function identity(
  target: InstallTarget,
  own: string | undefined,
  shares: boolean,
): Pick<UnitSpec, 'user' | 'moreGroups'> {
  const user = own ?? target.user;
  return isOther(own, target) && shares ? { user, moreGroups: [target.group] } : { user };
}

/** The plan is for the daemon's user; a command of another user is handed it, and can do nothing else that the group may. */
function planWord(
  argv: readonly string[],
  file: string,
  isHanded: boolean,
): Pick<UnitSpec, 'argv' | 'credential'> {
  return isHanded ? { argv, credential: { name: 'plan.json', file } } : { argv: [...argv, file] };
}

function serviceSpec(service: PlannedService, target: InstallTarget): ServiceUnitSpec {
  const { plan, program } = target;
  const { name, collect, memory, cpu, openFiles, stopSignal, restart, cwd, stopMs, boot = true } = service;
  const shared = common(target);
  const { plan: planFile } = statePaths(plan.state);
  const builtIn = isBuiltIn(service);
  const own = collect === undefined ? program : smallProgram(program);
  const env = collect === undefined ? {} : smallEnvironment({});
  return {
    ...shared,
    ...identity(target, service.user, builtIn),
    unit: serviceUnit(service),
    service: name,
    description: `Vahti: ${name}`,
    ...planWord([...own, 'run', name, '--plan'], planFile, !builtIn && isOther(service.user, target)),
    env: { ...shared.env, ...env, VAHTI_UNIT: '1' },
    cwd,
    stopMs,
    boot,
    notifies: builtIn,
    tellsReady: service.ready?.sign.kind === 'fd',
    ...(builtIn ? { version: target.version } : {}),
    needs: service.needs.flatMap((need) => unitNamed(need.name, plan) ?? []),
    noRestartOn: restart.noRestartOn,
    sandbox: serviceSandbox(service, target),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    ...(memory === undefined ? {} : { memoryMax: memory.hardBytes }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(openFiles === undefined ? {} : { openFiles }),
  };
}

/** The unit of a service that another one needs. */
function unitNamed(name: string, { services }: Plan): string | undefined {
  const found = services.find((service) => service.name === name);
  return found === undefined ? undefined : (found.unit ?? serviceUnit(found));
}

function jobSpec(job: PlannedJob, target: InstallTarget): JobUnitSpec {
  const { plan, program } = target;
  const { name, cwd, timeoutMs, nice } = job;
  const shared = common(target);
  return {
    ...shared,
    ...identity(target, job.user, true),
    unit: jobUnit(name),
    job: name,
    description: `Vahti: the job ${name}`,
    argv: [...program, 'run', `job/${name}`, '--unit', '--plan', statePaths(plan.state).plan],
    env: { ...shared.env, VAHTI_UNIT: '1' },
    cwd,
    stopMs: JOB_STOP_MS,
    mostMs: timeoutMs + JOB_GRACE_MS,
    ...(nice === undefined ? {} : { nice }),
    boot: false,
    sandbox: jobSandbox(job, target),
  };
}

function daemonSpec(target: InstallTarget) {
  const { plan, user, group, program } = target;
  return {
    ...common(target),
    unit: DAEMON_UNIT,
    version: target.version,
    description: 'Vahti: the daemon',
    argv: [...program, 'up', '--systemd', '--view', 'json', '-c', plan.file],
    user,
    ...(isInstalledConfig(plan.file) ? { group } : {}),
    moreGroups: ['systemd-journal'],
    cwd: plan.state,
    stopMs: DAEMON_STOP_MS,
    boot: true,
    noRestartOn: CONFIG_ERRORS,
    sandbox: daemonSandbox(target),
  };
}

const SHARED = 0o750;
/** What is made in it belongs to the group, whoever makes it. */
const OPEN_TO_GROUP = 0o2770;
const DATA = 0o755;

/** The folders that have to be there. Those with a group are the daemon's own. */
function foldersOf(target: InstallTarget): readonly NeededFolder[] {
  const { plan, user, group } = target;
  const paths = statePaths(plan.state);
  const own = [
    { path: plan.state, mode: SHARED },
    { path: paths.logs, mode: SHARED },
    { path: dirname(paths.control), mode: SHARED },
    { path: paths.run, mode: OPEN_TO_GROUP },
    ...jobFolders(plan),
  ].map((folder) => ({ ...folder, user, group, why: 'vahti' }));
  const isOwn = (path: string, who: string): boolean => who === user && path.startsWith(`${plan.state}/`);
  const data = (path: string, who: string, why: string): readonly NeededFolder[] =>
    (isOwn(path, who) ? levelsBelow(plan.state, path) : [path]).map((level) => ({
      path: level,
      mode: DATA,
      user: who,
      why,
      ...(isOwn(path, who) ? { group } : {}),
    }));
  const ofServices = plan.services.flatMap(
    ({ name, collect, hub, pipeline, writes = [], user: who = user }) =>
      [
        ...(collect === undefined ? [] : [collect.into]),
        ...(hub === undefined ? [] : [hub.folder]),
        ...(pipeline === undefined ? [] : [pipeline.products, pipelineFolder(statePaths(plan.state), name)]),
        ...writes,
      ].flatMap((path) => data(path, who, name)),
  );
  const ofJobs = (plan.jobs ?? []).flatMap((job) =>
    jobSandbox(job, target).writes.flatMap((path) => data(path, job.user ?? user, `the job ${job.name}`)),
  );
  const seen = new Set<string>();
  return [...own, ...ofServices, ...ofJobs].filter(
    ({ path }) => !path.startsWith('/dev/') && !seen.has(path) && seen.add(path),
  );
}

/** What the daemon and the runs of jobs tell each other: job-units/papers.ts. Whoever writes there, the group is the daemon's. */
function jobFolders({ state, jobs = [] }: Plan): readonly { readonly path: string; readonly mode: number }[] {
  if (jobs.length === 0) return [];
  const own = jobs.map(({ name }) => ({ path: join(state, 'jobs', name), mode: OPEN_TO_GROUP }));
  return [{ path: join(state, 'jobs'), mode: SHARED }, ...own];
}

/** A folder, and all between it and one that it lies in: each has to have its owner. */
function levelsBelow(folder: string, path: string): readonly string[] {
  const levels: string[] = [];
  for (let at = path; at !== folder; at = dirname(at)) levels.unshift(at);
  return levels;
}
