import type { Result } from '../../core/result.ts';
import { RpcError } from '../../core/rpc.ts';
import type { LedgerFile } from '../../pipeline/ledger/types.ts';
import { fileMeant } from '../../pipeline/looks/story.ts';
import type { PipelineView } from '../../pipeline/pipeline.ts';
import type { PipelineTrouble } from '../pipeline/own-ledger.ts';

/** @throws RpcError where there is no such file. */
export async function mustFind(view: PipelineView, written: string): Promise<LedgerFile> {
  const found = await fileMeant(view, written);
  if (found !== undefined) return found;
  throw new RpcError('unknown', `cannot find ${written}: nothing of that name came into ${view.name}`);
}

/** @throws RpcError, an answer to whoever asked. */
export function orThrow<T>(result: Result<T, PipelineTrouble>): T {
  if (result.ok) return result.value;
  throw new RpcError(result.error.kind, result.error.message);
}
