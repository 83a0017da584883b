import { dirname } from 'node:path';
import type { Sandbox } from '../../deploy/hardening.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import { parsePlace } from '../../jobs/far/place.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import { OWN_PROGRAM } from '../config/checks.ts';
import { environmentFileOf } from '../layout.ts';
import { pipelineFolder } from '../pipeline/folder.ts';
import type { Plan, PlannedService } from '../plan.ts';
import { statePaths } from '../state.ts';
import { type InstallTarget, isRoot } from './target.ts';

/** What each unit may do, from what the config says of it. */

export function serviceSandbox(service: PlannedService, target: InstallTarget): Sandbox {
  const { plan } = target;
  const paths = statePaths(plan.state);
  const { collect, user = target.user, writes, cwd, argv, tmp } = service;
  const base = { root: isRoot(user), network: true, seesProcesses: false, privateTmp: tmp === 'private' };
  const seen = [...common(target), cwd];
  if (collect !== undefined) {
    const files = [collect.dictionary, collect.creds, collect.ca, collect.cert, collect.key];
    const reads = [...seen, ...files.flatMap((file) => file ?? [])];
    return { ...base, trust: 'own', writes: [collect.into, paths.run], reads };
  }
  if (service.hub !== undefined) {
    const { folder, tls, oldTokens } = service.hub;
    const files = [tls?.cert, tls?.key, oldTokens].flatMap((file) => file ?? []);
    return { ...base, trust: 'own', writes: [folder, paths.run], reads: [...seen, ...files] };
  }
  if (service.pipeline !== undefined)
    return { ...base, ...pipelineSandbox(service.pipeline, service, target) };
  const home = target.homes.get(user);
  const reads = [...seen, ...argv.filter(isAbsolute), ...(home === undefined ? [] : [home])];
  if (isKnownCommand(service)) return { ...base, trust: 'own', writes: writes ?? [], reads };
  const trust = writes === undefined ? 'open' : 'declared';
  return { ...base, trust, writes: writes ?? [], reads };
}

/** Its steps are commands: they may do what they like, unless it says where they write. */
function pipelineSandbox(
  { inboxes, products, steps }: PipelinePlan,
  { name, user, writes, cwd }: PlannedService,
  target: InstallTarget,
): Pick<Sandbox, 'trust' | 'writes' | 'reads' | 'seesProcesses'> {
  const paths = statePaths(target.plan.state);
  const home = target.homes.get(user ?? target.user);
  const homes = home === undefined ? [] : [home];
  const programs = steps.flatMap(({ run }) => run.filter(isAbsolute));
  return {
    trust: writes === undefined ? 'open' : 'declared',
    writes: [products, pipelineFolder(paths, name), paths.run, ...(writes ?? [])],
    reads: [...common(target), cwd, ...inboxes.map(({ root }) => root), ...programs, ...homes],
    // It ends what its steps leave behind.
    seesProcesses: true,
  };
}

/** Where a verb writes, beside what is its own. */
const LOCAL_VERBS: readonly string[] = ['archive', 'purge'];

export function jobSandbox(job: PlannedJob, target: InstallTarget): Sandbox {
  const { user = target.user, writes, cwd, argv, before } = job;
  const { state, file } = target.plan;
  const home = target.homes.get(user);
  const base = { root: isRoot(user), seesProcesses: false, privateTmp: false };
  const homes = home === undefined ? [] : [home];
  const reads = [...common(target), cwd, ...argv.filter(isAbsolute), ...homes];
  const isLocal = LOCAL_VERBS.includes(job.verb);
  if (job.verb === 'run' || before !== undefined || hasCommands(job)) {
    const trust = writes === undefined ? 'open' : 'declared';
    const data = writes === undefined ? [] : [...writes, ...verbPaths(job, dirname(file)), state];
    return { ...base, trust, writes: data, reads, network: true };
  }
  const data = [...verbPaths(job, dirname(file)), ...(writes ?? []), state];
  return { ...base, trust: 'own', writes: data, reads, network: !isLocal };
}

/** Of `publish`: commands of somebody else's, that may do what they like unless it says where they write. */
function hasCommands({ verb, options }: PlannedJob): boolean {
  return verb === 'publish' && (options['hooks'] !== undefined || options['compare'] !== undefined);
}

/** The folders of a verb: `root`, and where it sends to or fetches from, where that is a folder here. */
function verbPaths({ verb, options }: PlannedJob, folder: string): readonly string[] {
  if (verb === 'run') return [];
  const { conflict } = options as { readonly conflict?: { readonly quarantine?: string } };
  const aside = conflict?.quarantine === undefined ? [] : [conflict.quarantine];
  const folders = ['root', 'to', 'from'].flatMap((key) => {
    const written = options[key];
    if (typeof written !== 'string' || (verb === 'archive' && key === 'to')) return [];
    const place = parsePlace(written, folder);
    return place.ok && place.value.kind === 'folder' ? [place.value.path] : [];
  });
  return [...folders, ...aside];
}

export function daemonSandbox(target: InstallTarget): Sandbox {
  const { plan, user } = target;
  const paths = statePaths(plan.state);
  const logs = plan.services.flatMap(({ log }) => (log.file === undefined ? [] : [dirname(log.file)]));
  const runs = programsOf(plan);
  const looks = plan.services.flatMap((service) => lookedAt(service));
  const jobs = plan.jobs ?? [];
  const others = [...plan.services, ...jobs].some((each) => each.user !== undefined && each.user !== user);
  return {
    trust: 'own',
    root: isRoot(user),
    writes: [plan.state, paths.logs, dirname(paths.control), ...logs],
    reads: [...common(target), ...looks],
    network: true,
    seesProcesses: others || plan.services.some(({ unit }) => unit !== undefined),
    privateTmp: false,
    ...(runs === undefined ? {} : { runs: `${runs} runs a program within it` }),
  };
}

/** The first that has the daemon run a program of somebody else's. */
function programsOf(plan: Plan): string | undefined {
  for (const { name, watch = [] } of plan.services) {
    const found = watch.find(
      ({ kind, steps }) => kind === 'command' || kind === 'run' || steps.some((step) => step.do === 'run'),
    );
    if (found !== undefined) return `the watch ${name}.${found.name}`;
  }
  const channel = plan.notify?.find(({ kind }) => kind === 'command');
  return channel === undefined ? undefined : `the channel ${channel.name}`;
}

/** Paths among the options of watches. */
function lookedAt({ watch = [] }: PlannedService): readonly string[] {
  return watch.flatMap(({ options }) =>
    Object.values(options)
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .filter(isAbsolute),
  );
}

function isAbsolute(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/');
}

/** What every unit must see. */
function common({ plan, program }: InstallTarget): readonly string[] {
  return [...program, plan.file, environmentFileOf(plan.file), plan.state];
}

/** Our own program, where it writes nothing: its needs are known. */
function isKnownCommand({ argv: [program, verb = ''] }: PlannedService): boolean {
  return program === OWN_PROGRAM && ['simulate', 'collect'].includes(verb);
}
