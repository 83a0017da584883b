import type { RpcFailure } from '../core/rpc-client.ts';
import { didYouMean } from '../core/suggest.ts';
import { commandErrorOf } from './control.ts';
import { CommandError } from './exit-codes.ts';

/** What the daemon said against a beat, as the end of the command. */
export function beatErrorOf(failure: RpcFailure): CommandError {
  if (failure.kind !== 'error') return commandErrorOf(failure);
  const { code, message } = failure;
  if (code === 'ambiguous-watch') return new CommandError('usage', message);
  if (code !== 'unknown-watch') return commandErrorOf(failure);
  const data = failure.data as { readonly name: string; readonly known: readonly string[] } | undefined;
  const hint =
    data === undefined ? '' : `${didYouMean(data.name, data.known)} (there are ${data.known.join(', ')})`;
  return new CommandError('unknown', `${message}${hint}`);
}

/** Which watch is meant, as it is sent to the daemon. */
export interface BeatName {
  readonly service: string;
  readonly watch?: string;
}
