import * as v from 'valibot';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { type RpcCall, RpcError, type RpcListenError, type RpcServer, serveRpc } from '../../core/rpc.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { Result } from '../../core/result.ts';
import { type Adopted, adoptFiles } from '../../pipeline/adopt.ts';
import { MOST_NEWS } from '../../pipeline/failing/episode.ts';
import type { Failing, FailingQuery } from '../../pipeline/ledger/failing.ts';
import type { InboxLedger, RetryFilter } from '../../pipeline/ledger/ledger.ts';
import { createSummary, type PipelineSummary } from '../../pipeline/looks/summary.ts';
import type { Pipeline, PipelineFigures } from '../../pipeline/pipeline.ts';
import { answerStatus } from '../../pipeline/status/commands.ts';
import type { Lending } from './lending.ts';

/** The socket of a service that is a pipeline: what daemon and CLI ask it and tell it. */
export interface PipelineServiceApi {
  readonly figures: { readonly params: Record<string, never>; readonly value: PipelineFigures };
  /** More than figures: what was done of late, and failures by reason. */
  readonly summary: { readonly params: Record<string, never>; readonly value: PipelineSummary };
  /** What is failed now, for those who are told of it. */
  readonly failing: { readonly params: FailingQuery; readonly value: Failing };
  readonly hold: { readonly params: { readonly why: string }; readonly value: Record<string, never> };
  readonly resume: { readonly params: Record<string, never>; readonly value: Record<string, never> };
  readonly retry: { readonly params: RetryFilter; readonly value: { readonly tasks: number } };
  /** Files of inboxes that failed before their first step go on as they are: by their numbers in the ledger, at most 1000. */
  readonly 'go-on': {
    readonly params: { readonly files: readonly number[] };
    readonly value: { readonly files: number };
  };
  /** Looks at all inboxes now. */
  readonly look: { readonly params: Record<string, never>; readonly value: Record<string, never> };
  /** Writes files of an inbox down as done: at most 1000, by their paths below it. */
  readonly adopt: {
    readonly params: { readonly inbox: string; readonly paths: readonly string[] };
    readonly value: Adopted;
  };
  /**
   * Lends the ledger for as long as the caller stays: nothing new is begun, what runs comes to its end, then it is the caller's
   * (`lent`). When the caller hangs up, or dies, the service goes on.
   */
  readonly lend: {
    readonly params: { readonly what: string };
    readonly item: { readonly state: 'waiting' | 'lent'; readonly running: readonly string[] };
  };
  /** What the status endpoint answers to a line. */
  readonly say: { readonly params: { readonly line: string }; readonly value: { readonly text: string } };
}

/** Files of one call of `adopt`. */
export const ADOPTED_AT_ONCE = 1000;

const nothing = v.strictObject({});
const retryFilter = v.strictObject({
  tasks: v.optional(v.array(v.pipe(v.number(), v.integer()))),
  step: v.optional(v.string()),
  path: v.optional(v.string()),
}) as v.GenericSchema<unknown, RetryFilter>;

/** What is served. */
export interface ServedPipeline {
  readonly pipeline: Omit<Pipeline, 'run'>;
  readonly ledger: Pick<InboxLedger, 'inboxFile' | 'sight'>;
  readonly lending: Pick<Lending, 'lend'>;
  readonly clock: Clock;
  /** The version of Vahti. */
  readonly program: string;
}

/** Serves a pipeline on the socket at `path`; its folder has to be there. */
export function servePipeline(
  path: string,
  served: ServedPipeline,
  log: Log,
): Promise<Result<RpcServer, RpcListenError>> {
  const { pipeline } = served;
  const summary = createSummary(pipeline.ledger, () => pipeline.figures(), served.clock);
  const methods = {
    figures: { params: nothing, handle: () => pipeline.figures() },
    summary: { params: nothing, handle: () => summary() },
    hold: {
      params: v.strictObject({ why: v.pipe(v.string(), v.nonEmpty(), v.maxLength(500)) }),
      async handle({ why }: { readonly why: string }) {
        await pipeline.hold(why);
        return {};
      },
    },
    resume: {
      params: nothing,
      async handle() {
        await pipeline.resume();
        return {};
      },
    },
    retry: {
      params: retryFilter,
      handle: async (filter: RetryFilter) => ({ tasks: await pipeline.retry(filter) }),
    },
    look: {
      params: nothing,
      async handle() {
        await pipeline.look();
        return {};
      },
    },
    ...moreMethods(served),
  };
  return serveRpc<PipelineServiceApi>({ path, methods, log, mode: 0o660 });
}

/** Files of one call of `go-on`. */
export const GO_ON_AT_ONCE = 1000;

const failingQuery = v.strictObject({
  ended: v.number(),
  id: v.number(),
  files: v.pipe(v.array(v.number()), v.maxLength(1000)),
  most: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_NEWS)),
}) as v.GenericSchema<unknown, FailingQuery>;

function moreMethods({ pipeline, ledger, lending, clock, program }: ServedPipeline) {
  return {
    'go-on': {
      params: v.strictObject({ files: v.pipe(v.array(v.number()), v.maxLength(GO_ON_AT_ONCE)) }),
      handle: async ({ files }: { readonly files: readonly number[] }) => ({
        files: await pipeline.goOn(files),
      }),
    },
    failing: {
      params: failingQuery,
      handle: (query: FailingQuery) => pipeline.ledger.failing(query),
    },
    lend: {
      params: v.strictObject({ what: v.pipe(v.string(), v.nonEmpty(), v.maxLength(500)) }),
      handle({ what }: { readonly what: string }, { signal }: RpcCall) {
        const running = (): string[] => pipeline.running().map(({ step, first }) => `${step} of ${first}`);
        return lending.lend(what, running, signal);
      },
    },
    adopt: {
      params: v.strictObject({
        inbox: v.string(),
        paths: v.pipe(v.array(v.string()), v.maxLength(ADOPTED_AT_ONCE)),
      }),
      async handle({ inbox, paths }: { readonly inbox: string; readonly paths: readonly string[] }) {
        const plan = pipeline.plan.inboxes.find(({ name }) => name === inbox);
        if (plan === undefined)
          throw new RpcError('unknown-inbox', `cannot find an inbox "${inbox}" of ${pipeline.name}`);
        return adoptFiles(ledger, plan, paths, clock.now());
      },
    },
    say: {
      params: v.strictObject({ line: v.pipe(v.string(), v.maxLength(1024)) }),
      async handle({ line }: { readonly line: string }) {
        return { text: await answerStatus(line, { view: pipeline, now: clock.now(), program }) };
      },
    },
  };
}

/** A service that does not answer within this is shown without figures; the next look asks again. */
const ANSWER_MS = 500;

/** A pipeline's figures, or null where it does not answer. */
export async function readPipelineFigures(path: string): Promise<PipelineFigures | null> {
  const answer = await createRpcClient<PipelineServiceApi>(path).call(
    'figures',
    {},
    { timeoutMs: ANSWER_MS },
  );
  return answer.ok ? answer.value : null;
}
