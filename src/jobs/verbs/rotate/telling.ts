import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { processAlive, type ProcessIdentity, readStat } from '../../../core/process-table.ts';
import { signalProcess } from '../../../core/processes.ts';
import { asError, err, ok, type Result } from '../../../core/result.ts';
import { type Holder, processName } from '../../files/holders.ts';
import { runProgram } from '../../program.ts';
import { commandWords } from '../../command-option.ts';
import type { Course } from './course.ts';
import type { RotateOptions } from './options.ts';

/** A command that makes writers open their logs anew may take so long, milliseconds. */
const REOPEN_MS = 60_000;
const MOST_PARENTS = 100;

export interface Target extends ProcessIdentity {
  readonly name: string;
}

/** Who is to be signalled so that these writers leave their log; none where a command does it. The error says why that is not possible. */
export async function targetsOf(
  options: RotateOptions,
  holders: readonly Holder[],
): Promise<Result<readonly Target[], string>> {
  const { signal, reopen } = options;
  if (holders.length === 0 || reopen !== undefined) return ok([]);
  const who = shownHolders(holders);
  if (signal === undefined)
    return err(
      `${who} has it open, and nothing tells it to open it anew: write \`signal\` or \`reopen\`, or \`method: punch-hole\``,
    );
  const found =
    options['pid-file'] === undefined ? ok(holders) : await fromPidFile(options['pid-file'], holders);
  if (!found.ok) return found;
  const deaf = found.value.find(({ pid }) => !catches(pid, signal));
  if (deaf !== undefined)
    return err(`${deaf.name} (pid ${deaf.pid}) does not catch ${signal}, which would end it`);
  return found;
}

/** The process of a pid file: it must be a writer, or stand above one; else the number is an old one, that a stranger has by now. */
async function fromPidFile(
  file: string,
  holders: readonly Holder[],
): Promise<Result<readonly Target[], string>> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => asError(thrown));
  if (text instanceof Error) return err(`cannot read the pid file: ${text.message}`);
  const pid = Number(/^\s*(\d{1,10})\s*$/m.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isInteger(pid) || pid <= 1) return err(`${file} holds no number of a process`);
  const stat = readStat(pid);
  if (stat === undefined || !holders.some((holder) => holder.pid === pid || hasAbove(holder.pid, pid)))
    return err(`process ${pid} of ${file} does not write to it: is that an old number?`);
  return ok([{ pid, startTicks: stat.startTicks, name: processName(pid) }]);
}

function hasAbove(pid: number, wanted: number): boolean {
  let at = readStat(pid)?.parent ?? 0;
  for (let steps = 0; at > 1 && steps < MOST_PARENTS; steps += 1) {
    if (at === wanted) return true;
    at = readStat(at)?.parent ?? 0;
  }
  return false;
}

/** What proc(5) says of the signals that a process has a handler for. */
function catches(pid: number, signal: NonNullable<RotateOptions['signal']>): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(orEmpty(`/proc/${pid}/status`))?.[1] ?? '0';
  const bit = BigInt(constants.signals[`SIG${signal}`] - 1);
  return ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n;
}

function orEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export function shownHolders(holders: readonly Holder[]): string {
  const names = [...new Map(holders.map(({ pid, name }) => [pid, `${name} (pid ${pid})`])).values()];
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

/** Makes the writers open their logs anew. The error says why they were not told. */
export async function tellWriters(
  { options, programs, context }: Course,
  targets: readonly Target[],
): Promise<string | undefined> {
  const { signal, reopen } = options;
  if (reopen !== undefined) {
    const words = commandWords(reopen);
    if (!words.ok) return words.error;
    const { exit, said } = await runProgram(
      { argv: words.value, idleMs: REOPEN_MS, deadlineMs: REOPEN_MS },
      programs,
    );
    if (exit.kind === 'exited' && exit.code === 0) return undefined;
    const last = said.at(-1);
    const how = { exited: 'failed', signalled: 'was ended by a signal', silent: 'took more than a minute' };
    if (exit.kind === 'failed') return exit.error;
    return `the command of \`reopen\` ${how[exit.kind]}${last === undefined ? '' : `: ${last}`}`;
  }
  if (signal === undefined) return undefined;
  const each = new Map(targets.map((target) => [target.pid, target]));
  for (const target of each.values()) {
    if (!processAlive(target)) continue;
    if (!signalProcess(target.pid, `SIG${signal}`))
      return `${target.name} (pid ${target.pid}) may not be signalled by us`;
    context.say(`sent ${signal} to ${target.name} (pid ${target.pid})`);
  }
  return undefined;
}
