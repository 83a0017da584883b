import * as v from 'valibot';
import type { Log } from '../../core/log.ts';
import { type RpcListenError, type RpcServer, serveRpc } from '../../core/rpc.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { Result } from '../../core/result.ts';
import type { RetryFilter } from '../../pipeline/ledger/ledger.ts';
import type { Pipeline, PipelineFigures } from '../../pipeline/pipeline.ts';

/** The socket of a service that is a pipeline: what daemon and CLI ask it and tell it. */
export interface PipelineServiceApi {
  readonly figures: { readonly params: Record<string, never>; readonly value: PipelineFigures };
  readonly hold: { readonly params: { readonly why: string }; readonly value: Record<string, never> };
  readonly resume: { readonly params: Record<string, never>; readonly value: Record<string, never> };
  readonly retry: { readonly params: RetryFilter; readonly value: { readonly tasks: number } };
  /** Looks at all inboxes now. */
  readonly look: { readonly params: Record<string, never>; readonly value: Record<string, never> };
}

const nothing = v.strictObject({});
const retryFilter = v.strictObject({
  tasks: v.optional(v.array(v.pipe(v.number(), v.integer()))),
  step: v.optional(v.string()),
  path: v.optional(v.string()),
}) as v.GenericSchema<unknown, RetryFilter>;

/** Serves a pipeline on the socket at `path`; its folder has to be there. */
export function servePipeline(
  path: string,
  pipeline: Pipeline,
  log: Log,
): Promise<Result<RpcServer, RpcListenError>> {
  const methods = {
    figures: { params: nothing, handle: () => pipeline.figures() },
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
  };
  return serveRpc<PipelineServiceApi>({ path, methods, log, mode: 0o660 });
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
