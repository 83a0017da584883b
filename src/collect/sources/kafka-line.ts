import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { KafkaFormatError } from '../../wire/kafka/reader.ts';
import { decodeAnswer, encodeRequest, type KafkaRequest } from '../../wire/kafka/requests.ts';

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** A longer answer ends the connection. A fetch may be longer than what was asked for by one batch. */
const MOST_ANSWER_BYTES = 134_217_728;
const CLIENT = 'vahti';

/** Requests and answers over a socket. Errors are what to tell; whatever goes wrong ends it, and with it all that waits. */
export interface Line {
  open(event: 'connect' | 'secureConnect'): Promise<Result<void, string>>;
  /** Answers come in the order of their requests. */
  ask<T>(request: KafkaRequest<T>): Promise<Result<T, string>>;
  close(): void;
}

/** @param name of the other side, for messages. Closed when `stop` aborts. */
export function createLine(
  socket: Socket,
  { clock, stop }: Pick<Scope, 'clock' | 'stop'>,
  name: string,
): Line {
  const answers: ((frame: Buffer) => void)[] = [];
  const waits = createWaits(clock);
  let correlation = 0;
  const end = (why: string): void => {
    waits.end(why);
    socket.destroy();
  };
  const leave = (): void => end('the collector ends');
  stop.addEventListener('abort', leave, { once: true });
  socket.setNoDelay(true);
  socket.on('error', (error) => end(error.message === '' ? `cannot connect to ${name}` : error.message));
  socket.on('close', () => {
    end(`${name} closed the connection`);
    stop.removeEventListener('abort', leave);
  });
  const frames = createFrames((frame) => {
    const answer = answers.shift();
    if (answer === undefined) end(`${name} answers what nobody asked`);
    else answer(frame);
  });
  socket.on('data', (chunk: Buffer) => {
    const wrong = frames(chunk);
    if (wrong !== undefined) end(`${name} ${wrong}`);
  });
  if (stop.aborted) leave();

  return {
    open(event) {
      const late = (): void => end(`cannot connect to ${name} within ${CONNECT_MS / 1000} s`);
      return waits.wait((resolve) => socket.once(event, () => resolve(undefined)), CONNECT_MS, late);
    },
    async ask(request) {
      correlation = (correlation + 1) % 0x7fff_ffff;
      const number = correlation;
      const begin = (resolve: (frame: Buffer) => void): void => {
        answers.push(resolve);
        socket.write(encodeRequest(request, number, CLIENT));
      };
      const late = (): void => end(`no answer from ${name} to ${request.name} within ${ANSWER_MS / 1000} s`);
      const frame = await waits.wait(begin, ANSWER_MS, late);
      if (!frame.ok) return frame;
      try {
        return ok(decodeAnswer(request, number, frame.value));
      } catch (thrown) {
        if (!(thrown instanceof KafkaFormatError)) throw thrown;
        const why = `cannot read the answer of ${name} to ${request.name}: ${thrown.message}`;
        end(why);
        return err(why);
      }
    },
    close: () => end('the connection is closed'),
  };
}

/** What is waited for, until it comes or everything ends. Nothing is held on to for longer. */
function createWaits(clock: Clock) {
  const waiting = new Set<(why: string) => void>();
  let ended: string | undefined;
  return {
    end(why: string): void {
      ended ??= why;
      for (const tell of waiting) tell(ended);
    },
    /** Calls `late` after `ms`, who then ends everything. */
    wait: <T>(
      begin: (resolve: (value: T) => void) => void,
      ms: number,
      late: () => void,
    ): Promise<Result<T, string>> =>
      new Promise((resolve) => {
        if (ended !== undefined) return resolve(err(ended));
        const patience = clock.timer(ms, late);
        const settle = (result: Result<T, string>): void => {
          patience.cancel();
          waiting.delete(tell);
          resolve(result);
        };
        const tell = (why: string): void => settle(err(why));
        waiting.add(tell);
        begin((value) => settle(ok(value)));
      }),
  };
}

/** Cuts a stream of bytes into frames, each behind its length. Answers what is wrong with it, if anything is. */
function createFrames(give: (frame: Buffer) => void): (chunk: Buffer) => string | undefined {
  let pieces: Buffer[] = [];
  let have = 0;
  let wanted: number | undefined;
  const take = (bytes: number): Buffer => {
    const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    // An empty rest would keep everything before it in memory.
    pieces = all.length === bytes ? [] : [all.subarray(bytes)];
    have -= bytes;
    return all.subarray(0, bytes);
  };
  return (chunk) => {
    pieces.push(chunk);
    have += chunk.length;
    for (;;) {
      if (wanted === undefined) {
        if (have < 4) return undefined;
        wanted = take(4).readInt32BE(0);
        if (wanted < 0 || wanted > MOST_ANSWER_BYTES) return `sends an answer of ${wanted} bytes`;
      }
      if (have < wanted) return undefined;
      const frame = take(wanted);
      wanted = undefined;
      give(frame);
    }
  };
}
