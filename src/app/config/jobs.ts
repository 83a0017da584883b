import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { lookupUser } from '../../core/processes.ts';
import { parseHours } from '../../core/hours.ts';
import { ok } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { PipelineFacts, VerbKind } from '../../core/verb.ts';
import { parseWindow } from '../../core/windows.ts';
import { splitWords } from '../../core/words.ts';
import { JOB_DEFAULTS, jobEntries, type JobKeys, jobKeys, runOptions } from '../../jobs/config.ts';
import { realPath } from '../../jobs/files/within.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import type { PlannedService } from '../plan.ts';
import { VERB_KINDS } from '../../jobs/verbs/registry.ts';
import { checkCommand, checkEnv } from './checks.ts';
import { checkAfter } from './job-chains.ts';
import { lateOf, place, readAfter, readTimes } from './job-times.ts';
import { checkKeyed, entriesOf, flatten, type Keyed, type Options } from './keyed.ts';
import { type Notes, report } from './notes.ts';

/** What a config says of jobs, as far as this needs it. */
export interface JobsConfig {
  readonly jobs?: Options | undefined;
  readonly notify?: Options | undefined;
}

/** Names of jobs are used in file names and in lives. */
const JOB_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const RUN: Keyed = { key: 'run', main: 'run', options: runOptions };

/**
 * The jobs of a config. What is wrong with them is told, and those with mistakes are left out.
 * @param zone of times that name none.
 * @param services of the config: verbs may go by its pipelines.
 * @param verbs for tests.
 */
export async function resolveJobs(
  notes: Notes,
  config: JobsConfig,
  zone: string,
  services: readonly PlannedService[] = [],
  verbs: readonly VerbKind[] = VERB_KINDS,
): Promise<readonly PlannedJob[]> {
  const channels = Object.keys(config.notify ?? {});
  const all = Object.entries(config.jobs ?? {});
  const resolved = all.flatMap(
    ([name, written]) => resolveJob({ notes, zone, verbs, channels }, name, written) ?? [],
  );
  checkAfter(
    notes,
    resolved,
    all.map(([name]) => name),
  );
  checkVerbs(notes, resolved, verbs, pipelinesOf(services));
  for (const job of resolved) await checkPlace(notes, job);
  return resolved;
}

interface Facts {
  readonly notes: Notes;
  readonly zone: string;
  readonly verbs: readonly VerbKind[];
  readonly channels: readonly string[];
}

function resolveJob(
  { notes, zone, verbs, channels }: Facts,
  name: string,
  written: unknown,
): PlannedJob | undefined {
  const at = ['jobs', name];
  if (!JOB_NAME.test(name)) {
    const form = 'use small letters, digits, dots, dashes and underscores, up to 63';
    report(notes, 'error', at, 'key', `cannot name a job ${JSON.stringify(name)}: ${form}`);
  }
  const keys = written ?? {};
  if (typeof keys !== 'object' || Array.isArray(keys)) {
    report(notes, 'error', at, 'value', `cannot use this for ${name}: it takes keys and values`);
    return undefined;
  }
  const kind = kindOf(name, keys as Options, verbs);
  if (typeof kind === 'string') {
    report(notes, 'error', at, 'key', kind);
    return readTheRest(notes, name, keys as Options, zone);
  }
  const flat = flatten(kind, { at, keys: keys as Options });
  if (typeof flat === 'string') {
    report(notes, 'error', [...at, kind.key], 'value', flat);
    return undefined;
  }
  const checked = checkKeyed(notes, kind, jobEntries, at, flat);
  if (checked === undefined) return readTheRest(notes, name, keys as Options, zone);
  const verb = verbs.find((each) => each.verb === kind.key);
  const paths = verb?.paths ?? [];
  const options = kind === RUN ? {} : absolute(checked.own, paths, notes.data);
  const argv = kind === RUN ? wordsOf(notes, [...at, 'run'], checked.own['run']) : [];
  const main = kind.main === undefined ? undefined : options[kind.main];
  const root = verb !== undefined && paths.includes(verb.main) && typeof main === 'string' ? main : undefined;
  const common = v.parse(jobKeys, checked.common);
  checkChannels(notes, [...at, 'notify'], common.notify ?? [], channels);
  checkChannels(notes, [...at, 'report'], typeof common.report === 'object' ? common.report : [], channels);
  return { ...commonOf(notes, name, common, zone, root), verb: kind.key, argv, options };
}

function checkChannels(
  notes: Notes,
  at: readonly string[],
  named: readonly string[],
  channels: readonly string[],
): void {
  for (const channel of named) {
    if (channels.includes(channel)) continue;
    const others = channels.length === 0 ? 'there are none' : `there are ${channels.join(', ')}`;
    const message = `cannot find a channel "${channel}"${didYouMean(channel, channels)} (${others})`;
    report(notes, 'error', at, 'value', message);
  }
}

/** What can be said of a job that has a mistake already, so that all of them come at once. */
function readTheRest(notes: Notes, name: string, keys: Options, zone: string): undefined {
  const at = ['jobs', name];
  const times = v.safeParse(jobEntries.at, keys['at']);
  for (const [index, text] of (times.success ? (times.output ?? []) : []).entries())
    readTimes(notes, place(notes, at, 'at', index), text, zone);
}

/** What a job does. Answers with what is wrong where that is not clear. */
function kindOf(name: string, keys: Options, verbs: readonly VerbKind[]): Keyed | string {
  const kinds = [RUN, ...verbs.map(({ verb, main, options }): Keyed => ({ key: verb, main, options }))];
  const words = kinds.map(({ key }) => key);
  const named = kinds.filter(({ key }) => Object.hasOwn(keys, key));
  // A verb may have an option that is called as another verb: who knows all of them is meant.
  const fitting = named.filter((kind) =>
    named.every((each) => each === kind || Object.hasOwn(entriesOf(kind), each.key)),
  );
  const [found] = fitting;
  if (found !== undefined) return found;
  const what = `cannot tell what the job "${name}" does`;
  if (named.length > 1)
    return `${what}: it has ${named.map(({ key }) => key).join(' and ')}, write one of them`;
  const others = Object.keys(keys).filter((key) => !Object.hasOwn(jobEntries, key));
  const meant = others.map((word) => didYouMean(word, words)).find((hint) => hint !== '') ?? '';
  const form = words.length === 1 ? 'the key run' : `one of the keys ${words.join(', ')}`;
  return `${what}: write ${form}${meant}`;
}

type Common = Omit<PlannedJob, 'verb' | 'argv' | 'options'>;

function commonOf(notes: Notes, name: string, keys: JobKeys, zone: string, root: string | undefined): Common {
  const at = ['jobs', name];
  const { before, late, user, nice, notify, cwd, writes } = keys;
  const envFile = keys['env-file'];
  const env = Object.fromEntries(Object.entries(keys.env ?? {}).map(([key, value]) => [key, String(value)]));
  checkEnv(notes, [...at, 'env'], env);
  if (keys.at === undefined && keys.after === undefined)
    report(
      notes,
      'warning',
      at,
      'key',
      `${name} has neither \`at\` nor \`after\`: only \`vahti jobs run\` starts it`,
    );
  if (before === undefined && keys['before-fails'] !== undefined)
    report(notes, 'error', [...at, 'before-fails'], 'key', 'cannot use before-fails without before');
  return {
    name,
    at: (keys.at ?? []).flatMap(
      (text, index) => readTimes(notes, place(notes, at, 'at', index), text, zone) ?? [],
    ),
    after: (keys.after ?? []).flatMap(
      (text, index) => readAfter(notes, place(notes, at, 'after', index), text) ?? [],
    ),
    jitterMs: keys.jitter ?? 0,
    missed: keys.missed ?? JOB_DEFAULTS.missed,
    maxAgeMs: keys['max-age'] ?? JOB_DEFAULTS.maxAgeMs,
    timeoutMs: keys.timeout ?? JOB_DEFAULTS.timeoutMs,
    retry: keys.retry ?? JOB_DEFAULTS.retry,
    ...(before === undefined
      ? {}
      : {
          before: {
            argv: wordsOf(notes, [...at, 'before'], before),
            fails: keys['before-fails'] ?? JOB_DEFAULTS.beforeFails,
          },
        }),
    ...(late === undefined ? {} : lateOf(notes, [...at, 'late'], late, zone)),
    locks: [...(keys.locks ?? []), ...(root === undefined ? [] : [`path:${realPath(root)}`])],
    ...hoursOf(keys.hours, zone),
    ...quietOf(keys.quiet, zone),
    cwd: resolve(notes.data, cwd ?? '.'),
    env,
    ...(envFile === undefined ? {} : { envFile: resolve(notes.folder, envFile) }),
    ...(user === undefined ? {} : { user }),
    ...(writes === undefined ? {} : { writes: writes.map((path) => resolve(notes.data, path)) }),
    ...(nice === undefined ? {} : { nice }),
    ...(notify === undefined ? {} : { notify }),
    ...reportOf(keys.report),
  };
}

/** A list of channels: these are told what it prints. */
function reportOf(written: JobKeys['report']): Pick<PlannedJob, 'report' | 'reportTo'> {
  if (written === undefined || written === 'failures') return {};
  return typeof written === 'object' ? { report: 'output', reportTo: written } : { report: written };
}

/** That it can be read the schema has found out. */
function hoursOf(written: string | undefined, zone: string): Pick<PlannedJob, 'hours'> {
  const hours = written === undefined ? undefined : parseHours(written, zone);
  return hours?.ok === true ? { hours: hours.value } : {};
}

function quietOf(written: JobKeys['quiet'] = [], zone: string): Pick<PlannedJob, 'quiet'> {
  const quiet = written.flatMap(({ when, why }) => {
    const window = parseWindow(when, zone);
    return window.ok ? [{ window: window.value, why }] : [];
  });
  return quiet.length === 0 ? {} : { quiet };
}

function wordsOf(notes: Notes, path: readonly string[], written: unknown): readonly string[] {
  const words = typeof written === 'string' ? splitWords(written) : ok(written as readonly string[]);
  if (!words.ok) {
    report(notes, 'error', path, 'value', words.error);
    return [];
  }
  const [, name = ''] = path;
  const cwd = (notes.source.value as { jobs?: Record<string, { cwd?: unknown }> }).jobs?.[name]?.cwd;
  checkCommand(notes, path, words.value, typeof cwd === 'string' ? cwd : '.');
  return words.value;
}

/** The paths among a verb's options (`a.b` of an option that has options), made absolute; a remote one (`host:path`, an address) is left as it is. */
function absolute(options: Options, paths: readonly string[], folder: string): Options {
  const entries = Object.entries(options).map(([key, value]): [string, unknown] => {
    const inner = paths.flatMap((path) => (path.startsWith(`${key}.`) ? [path.slice(key.length + 1)] : []));
    if (inner.length > 0 && typeof value === 'object' && value !== null)
      return [key, absolute(value as Options, inner, folder)];
    const isPath =
      paths.includes(key) && typeof value === 'string' && !/^(?:[\w.@-]*\[[^\]]+\]|[\w.@-]+):/.test(value);
    return [key, isPath ? resolve(folder, value) : value];
  });
  return Object.fromEntries(entries) as Options;
}

function pipelinesOf(services: readonly PlannedService[]): ReadonlyMap<string, PipelineFacts> {
  const all = services.flatMap(({ name, pipeline }) => {
    if (pipeline === undefined) return [];
    return [[name, { products: pipeline.products, steps: pipeline.steps.map((step) => step.name) }] as const];
  });
  return new Map(all);
}

function checkVerbs(
  notes: Notes,
  jobs: readonly PlannedJob[],
  verbs: readonly VerbKind[],
  pipelines: ReadonlyMap<string, PipelineFacts>,
): void {
  const known = new Map(jobs.map(({ name, verb, options }) => [name, { verb, options }]));
  for (const { name, verb, options } of jobs) {
    const kind = verbs.find((each) => each.verb === verb);
    const facts = { folder: notes.data, jobs: known, pipelines };
    const problems = kind?.problems?.(v.parse(kind.options, options), facts) ?? [];
    for (const problem of problems) report(notes, 'error', ['jobs', name], 'key', problem);
  }
}

async function checkPlace(notes: Notes, { name, cwd, user }: PlannedJob): Promise<void> {
  if (cwd !== notes.data && !existsSync(cwd))
    report(notes, 'error', ['jobs', name, 'cwd'], 'value', `cannot run ${name} in ${cwd}: no such folder`);
  if (user === undefined) return;
  const found = await lookupUser(user);
  const own = process.getuid?.();
  const why =
    found === undefined
      ? 'no such user here'
      : !notes.anyUser && own !== found.uid
        ? 'only root can change the user'
        : '';
  if (why !== '') report(notes, 'error', ['jobs', name, 'user'], 'value', `cannot run as "${user}": ${why}`);
}
