import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { BeatParams } from '../app/beat-control.ts';
import type { ControlApi } from '../app/control-api.ts';
import { systemClock } from '../core/clock.ts';
import { type Exit, type Process, signalGroup, startProcess } from '../core/processes.ts';
import type { RpcClient, RpcFailure } from '../core/rpc-client.ts';
import { beatErrorOf, type BeatName } from './beat-error.ts';
import { say } from './output.ts';

/** A daemon that is restarted while the command ends is waited for. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 500;

/** As shells have it: no such program, and what a signal adds. */
const NOT_FOUND = 127;
const SIGNAL_BASE = 128;

export interface BetweenBeats {
  readonly client: RpcClient<ControlApi>;
  readonly target: BeatName;
  /** Sent with the exit code. */
  readonly message: string;
  /** Which run it is; made up where it is empty. */
  readonly rid: string;
}

/**
 * Runs a command between a beat that says "start" and one with its exit code. The command comes first: it runs, and its exit code
 * is passed on, whether the beats are taken or not. Resolves with that code.
 */
export async function runBetweenBeats(command: readonly string[], options: BetweenBeats): Promise<number> {
  const { client, target } = options;
  const rid = options.rid === '' ? randomUUID().slice(0, 8) : options.rid;
  const send = async (
    beat: Pick<BeatParams, 'word' | 'code' | 'message'>,
  ): Promise<RpcFailure | undefined> => {
    const answer = await client.call('beat', { ...target, ...beat, rid });
    return answer.ok ? undefined : answer.error;
  };
  const refused = await send({ word: 'start', code: null, message: '' });
  if (refused !== undefined) say(`${beatErrorOf(refused).message}; the command runs all the same`);
  const exit = await run(command);
  const code = codeOf(exit);
  const message = exit.kind === 'failed' && options.message === '' ? exit.error : options.message;
  const until = systemClock.monotonic() + (refused === undefined ? PATIENCE_MS : 0);
  for (;;) {
    const failure = await send({ word: 'success', code, message });
    if (failure === undefined) return code;
    const isLast = !isPassing(failure) || systemClock.monotonic() + PAUSE_MS > until;
    if (isLast) say(`${beatErrorOf(failure).message}; it was not told that the command exited with ${code}`);
    if (isLast) return code;
    await systemClock.sleep(PAUSE_MS);
  }
}

/** The daemon is not there, or is on its way down: another one may come. */
function isPassing(failure: RpcFailure): boolean {
  return failure.kind === 'error' ? failure.code === 'closing' : failure.kind !== 'refused';
}

/** Runs a command on this terminal; what is asked of this process to end is asked of the command. */
async function run(argv: readonly string[]): Promise<Exit> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  const inherit = { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' } as const;
  const child = startProcess({ argv, env, cwd: process.cwd(), ...inherit });
  const release = passSignalsOn(child);
  const exit = await child.exited;
  release();
  if (exit.kind === 'failed') say(exit.error);
  return exit;
}

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

function passSignalsOn({ pid }: Process): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    if (pid !== undefined) signalGroup(pid, signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, pass);
  };
}

function codeOf(exit: Exit): number {
  if (exit.kind === 'exited') return exit.code;
  return exit.kind === 'failed' ? NOT_FOUND : SIGNAL_BASE + constants.signals[exit.signal];
}
