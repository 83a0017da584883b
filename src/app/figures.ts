import * as v from 'valibot';
import type { Collector } from '../collect/collector.ts';
import type { CollectFigures } from '../collect/gauges.ts';
import type { Log } from '../core/log.ts';
import { type RpcServer, serveRpc } from '../core/rpc.ts';
import { createRpcClient } from '../core/rpc-client.ts';
import type { Result } from '../core/result.ts';
import type { RpcListenError } from '../core/rpc.ts';

/** The socket of a built-in service: what daemon and CLI read its figures from. */
export interface FiguresApi {
  readonly figures: { readonly params: Record<string, never>; readonly value: CollectFigures };
}

/** A service that does not answer within this is shown without figures; the next look asks again. */
const ANSWER_MS = 500;

export function serveFigures(
  path: string,
  collector: Collector,
  log: Log,
): Promise<Result<RpcServer, RpcListenError>> {
  const methods = { figures: { params: v.strictObject({}), handle: () => collector.figures() } };
  // A collector of another user is asked by the group of the daemon; the folder keeps all others out.
  return serveRpc<FiguresApi>({ path, methods, log, mode: 0o660 });
}

/** A built-in service's figures, or null where it does not answer. */
export async function readFigures(path: string): Promise<CollectFigures | null> {
  const answer = await createRpcClient<FiguresApi>(path).call('figures', {}, { timeoutMs: ANSWER_MS });
  return answer.ok ? answer.value : null;
}
