import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../core/result.ts';
import type { AskValue } from '../../wire/page/asks.ts';
import type { PipelineView } from '../pipeline.ts';

/** Bytes of the end of a log. */
const MOST = 65_536;

/** What a run printed, or prints; undefined where there is no such run. @param index its place among the runs of its task. */
export async function readRunLog(
  { ledger, logs }: Pick<PipelineView, 'ledger' | 'logs'>,
  id: number,
  index: number,
): Promise<AskValue<'pipeline-log'> | undefined> {
  const run = (await ledger.runsOf(id))[index];
  if (run === undefined) return undefined;
  const isRunning = run.ended === null;
  // The name of its file is written down as it ends.
  const name = isRunning ? `${id}.${(await ledger.task(id))?.fence ?? 0}.log` : run.log;
  const read = name === null ? NOTHING : await readEnd(join(logs, name));
  return { ...read, isRunning };
}

const NOTHING = { text: '', bytes: 0, isCut: false };
const GONE = { text: '… not there any more …\n', bytes: 0, isCut: false };

async function readEnd(path: string): Promise<typeof NOTHING> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const from = Math.max(0, size - MOST);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    // Not in the middle of a line, or of a letter.
    const whole = from === 0 ? text : text.slice(text.indexOf('\n') + 1);
    return { text: whole, bytes: size, isCut: from > 0 };
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    return errorCode(thrown) === 'ENOENT' ? GONE : { ...NOTHING, text: `… cannot read ${path} …\n` };
  }
}
