import type { ControlApi } from '../app/control-api.ts';
import { statePaths } from '../app/state.ts';
import type { Result } from '../core/result.ts';
import { createRpcClient, type RpcClient, type RpcFailure } from '../core/rpc-client.ts';
import { didYouMean } from '../core/suggest.ts';
import { findState } from './config-file.ts';
import { CommandError } from './exit-codes.ts';

/** The daemon of a config file, as the CLI speaks to it. */
export async function controlClient(config: string | undefined): Promise<RpcClient<ControlApi>> {
  return createRpcClient<ControlApi>(statePaths(await findState(config)).control);
}

/** The value of an answer; a failure ends the command with its own exit code. */
export function answered<T>(result: Result<T, RpcFailure>): T {
  if (result.ok) return result.value;
  throw commandErrorOf(result.error);
}

export function commandErrorOf(failure: RpcFailure): CommandError {
  if (failure.kind === 'not-running')
    return new CommandError('notRunning', 'cannot reach the daemon: it is not running; `vahti up` starts it');
  if (failure.kind === 'error' && failure.code === 'unknown-service') {
    const data = failure.data as { readonly name: string; readonly known: readonly string[] };
    return unknownService(data.name, data.known);
  }
  if (failure.kind === 'error' && failure.code === 'closing')
    return new CommandError('notRunning', 'the daemon went down');
  return new CommandError('failed', failure.message);
}

export function unknownService(name: string, known: readonly string[]): CommandError {
  const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  return new CommandError('unknown', `cannot find a service "${name}"${didYouMean(name, known)} (${others})`);
}
