import * as v from 'valibot';
import type { AskAnswer, AskHandler } from '../../agent/reporting.ts';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { asError } from '../../core/result.ts';
import { RpcError, type RpcMethods } from '../../core/rpc.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import { ASKS, askEvent, type AskMethod, type AskParams, type AskValue } from '../../wire/page/asks.ts';
import type { ControlApi, Explanation } from '../control-api.ts';
import { refusalOf } from './ask-words.ts';
import type { PipelineAsks } from './pipeline-asks.ts';

/** What asks are done with. */
export interface AskSources {
  /** Those of the control socket: a person at the hub and one at a shell do the very same. */
  readonly methods: RpcMethods<ControlApi>;
  readonly acts: boolean;
  /** What is asked for by the hub alone. */
  readonly looks: {
    plan(name: string): Promise<AskValue<'plan'>>;
    jobPlan(name: string): Promise<AskValue<'job-plan'>>;
    parts(asked: AskParams<'parts'>): Promise<AskValue<'parts'>>;
  };
  readonly pipelines: PipelineAsks;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who asks and why, as records of what is done say it. */
interface Asked {
  readonly who: string;
  readonly why: string;
  readonly signal: AbortSignal;
}

type Do<M extends AskMethod> = (params: AskParams<M>, asked: Asked) => Promise<AskValue<M>>;

/** A hub waits 20 s: what takes longer is said to be under way by then. */
const PATIENCE_MS = 15_000;
const MOST_WHO = 180;

/** Does what people ask for at the hub, where this daemon lets them. Nothing of what a hub says is believed. */
export function createAskHandler(sources: AskSources): AskHandler {
  const doings = doingsOf(sources);
  return async (ask, signal) => {
    const read = v.safeParse(askEvent, ask);
    if (!read.success) return refused('invalid', 'cannot do that: it is nothing that this daemon does');
    const { method, params, who, why } = read.output;
    const { role, params: schema } = ASKS[method];
    const checked = v.safeParse(schema, params);
    if (!checked.success) {
      const [issue] = checked.issues;
      const where = v.getDotPath(issue);
      return refused('invalid', `cannot do ${method}: ${where === null ? '' : `${where}: `}${issue.message}`);
    }
    if (role === 'operate') {
      if (!sources.acts) return refused('refused', refusalOf(method, checked.output));
      if (why.trim() === '') return refused('invalid', `cannot do ${method}: say why`);
    }
    const asked: Asked = { who: `${who.slice(0, MOST_WHO)} via hub`, why: why.slice(0, 1000), signal };
    const work = doings[method] as (params: unknown, asked: Asked) => Promise<unknown>;
    try {
      return { value: await work(checked.output, asked) };
    } catch (thrown) {
      return troubleOf(thrown, method, sources.log);
    }
  };
}

function refused(code: string, message: string): AskAnswer {
  return { error: { code, message: message.slice(0, 2000) } };
}

/** What is no answer of a method is an error of the daemon's own: it is in its log. */
function troubleOf(thrown: unknown, method: string, log: Log): AskAnswer {
  if (thrown instanceof RpcError) return refused(thrown.code, thrown.message);
  const error = asError(thrown);
  if (error instanceof DatabaseError) return refused('failed', error.message);
  log.error(`cannot do what the hub asks for: ${method}`, { error: error.stack });
  return refused('failed', `cannot do ${method}: an error of the daemon’s own, see its log`);
}

function doingsOf({ methods, looks, pipelines, clock }: AskSources): { readonly [M in AskMethod]: Do<M> } {
  const call = <M extends keyof ControlApi>(
    method: M,
    params: ControlApi[M]['params'],
    { signal }: Asked,
  ): Promise<Awaited<ReturnType<RpcMethods<ControlApi>[M]['handle']>>> =>
    // Checked again by what the socket checks: names, lengths, ends.
    callChecked(methods[method], params, signal);
  const patiently = (names: readonly string[], results: Promise<readonly Done[]>) =>
    withPatience(names, results, clock);
  return {
    explain: async (params, asked) => explained(await call('explain', params, asked)),
    'job-explain': async (params, asked) => explained(await call('job-explain', params, asked)),
    'job-history': async (params, asked) => [...(await call('job-history', params, asked))],
    plan: ({ name }) => looks.plan(name),
    'job-plan': ({ name }) => looks.jobPlan(name),
    parts: (params) => looks.parts(params),
    silences: async (_params, asked) => [...(await call('silences', {}, asked))],
    notifications: async (params, asked) => {
      const { channels, incidents, messages } = await call('notifications', params, asked);
      const ofChannels = incidents.map((each) => ({ ...each, channels: [...each.channels] }));
      return { channels: [...channels], incidents: ofChannels, messages: [...messages] };
    },
    start: ({ names }, asked) => patiently(names, call('start', { names, ...whoWhy(asked) }, asked)),
    stop: ({ names }, asked) => patiently(names, call('stop', { names, ...whoWhy(asked) }, asked)),
    restart: ({ names }, asked) =>
      patiently(names, call('restart', { names, reason: asked.why, who: asked.who }, asked)),
    snooze: async ({ names, until }, asked) => [
      ...(await call('snooze', { names, until: Math.round(until), ...whoWhy(asked) }, asked)),
    ],
    'snooze-end': async ({ names }, asked) => [
      ...(await call('snooze-end', { names, ...whoWhy(asked) }, asked)),
    ],
    ack: async ({ names }, asked) => [...(await call('ack', { names, ...whoWhy(asked) }, asked))],
    'job-run': async ({ name, dryRun }, asked) => {
      const { run, lines } = await call('job-run', { name, dryRun, who: saidWho(asked), set: {} }, asked);
      return { run, lines: [...lines] };
    },
    'job-pause': async ({ names }, asked) => [
      ...(await call('job-pause', { names, ...whoWhy(asked) }, asked)),
    ],
    'job-resume': async ({ names }, asked) => [
      ...(await call('job-resume', { names, who: saidWho(asked) }, asked)),
    ],
    'notification-retry': ({ id }, asked) => call('notification-retry', { id, who: saidWho(asked) }, asked),
    'notification-drop': ({ id }, asked) => call('notification-drop', { id, who: saidWho(asked) }, asked),
    'notify-test': ({ channel }, asked) => call('notify-test', { channel }, asked),
    ...pipelines,
  };
}

async function callChecked<T>(
  method: { readonly params: v.GenericSchema; handle(params: never, call: { signal: AbortSignal }): unknown },
  params: unknown,
  signal: AbortSignal,
): Promise<T> {
  const checked = v.safeParse(method.params, params);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new RpcError('bad-request', `cannot use ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  return (await method.handle(checked.output as never, { signal })) as T;
}

interface Done {
  readonly name: string;
  readonly done: boolean;
  readonly message: string;
}

async function withPatience(
  names: readonly string[],
  results: Promise<readonly Done[]>,
  clock: Clock,
): Promise<Done[]> {
  const over = new AbortController();
  const late = clock.sleep(PATIENCE_MS, over.signal).then((): Done[] => {
    const message = 'is under way: it takes its time';
    return names.map((name) => ({ name, done: true, message }));
  });
  // Whoever waits no longer hears nothing of its end.
  results.catch(() => {});
  try {
    return [...(await Promise.race([results, late]))];
  } finally {
    over.abort();
  }
}

function whoWhy({ who, why }: Asked): Pick<Asked, 'who' | 'why'> {
  return { who, why };
}

/** For records that have no place for a reason. */
function saidWho({ who, why }: Asked): string {
  const said = `${who} (${why})`;
  return said.length <= 200 ? said : `${said.slice(0, 198)}…)`;
}

function explained({ because, evidence }: Pick<Explanation, 'because' | 'evidence'>): {
  because: string[];
  evidence: Explanation['evidence'][number][];
} {
  return { because: [...because], evidence: [...evidence] };
}
