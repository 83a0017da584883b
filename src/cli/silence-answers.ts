import type { SilenceResult } from '../app/silence-control.ts';
import type { Result } from '../core/result.ts';
import type { RpcFailure } from '../core/rpc-client.ts';
import { didYouMean } from '../core/suggest.ts';
import { commandErrorOf } from './control.ts';
import { CommandError } from './exit-codes.ts';
import { printJson } from './output.ts';

/** The value of an answer about silences; a failure ends the command with its own exit code. */
export function answeredBySilences<T>(result: Result<T, RpcFailure>): T {
  if (result.ok) return result.value;
  const failure = result.error;
  if (failure.kind !== 'error') throw commandErrorOf(failure);
  if (failure.code === 'bad-end') throw new CommandError('usage', failure.message);
  if (failure.code !== 'unknown-watch') throw commandErrorOf(failure);
  const { name, known } = failure.data as { readonly name: string; readonly known: readonly string[] };
  const others = known.length === 0 ? 'it has none' : `there are ${known.join(', ')}`;
  throw new CommandError('unknown', `${failure.message}${didYouMean(name, known)} (${others})`);
}

/** Prints what came of it for each target, and ends the command as failed where one was not done. */
export function printResults(
  results: readonly SilenceResult[],
  json: true | undefined,
  line: (message: string) => string = (message) => message,
): void {
  if (json) printJson(results);
  else for (const { name, message } of results) process.stdout.write(`${name} ${line(message)}\n`);
  if (results.some(({ done }) => !done)) throw new CommandError('failed', '');
}
