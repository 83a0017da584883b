import { isUtf8 } from 'node:buffer';
import type * as fs from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { createLineSplitter } from '../../core/lines.ts';
import type { Log } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import { parseLine } from './level.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import { createNote, createRate, tellTrouble } from './log-notes.ts';

/**
 * What a service writes to its two pipes: every line goes into a text file with a byte budget, and becomes a record of the
 * time line as far as the rate allows. When the disk is slower than the service, the service waits; nothing queues up.
 */
export interface CapturedLog {
  readonly path: string;
  /** Reads a life's pipes until they end; `heard` gets each line, lent for the call. */
  attach(life: string, pipes: Pipes, heard?: (line: Buffer) => void): Capture;
  /** Writes what waits and closes the file. The pipes must be over. */
  close(): Promise<void>;
}

export interface Pipes {
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

export interface Capture {
  /** Resolves when both pipes are over and every line of theirs is taken. */
  readonly ended: Promise<void>;
  /** Waits so long for the end of the pipes (somebody else may hold them open), then closes them. */
  finish(graceMs: number): Promise<void>;
  /** The last lines of this life, oldest first. */
  tail(): readonly string[];
}

export interface CapturedLogOptions {
  readonly service: string;
  readonly path: string;
  /** Bytes that the files may take together; default 64 MiB. */
  readonly budgetBytes?: number;
  /** Of its files; by default 0640 for new ones. */
  readonly mode?: number;
  /** Lines that become records: so many a second, and so many at once. Default 1,000 and 5,000. */
  readonly linesPerSecond?: number;
  readonly burstLines?: number;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly log: Log;
  /** For tests: the file's write. */
  readonly append?: (file: fs.promises.FileHandle, data: Buffer) => Promise<number>;
}

const DEFAULT_BUDGET = 64 * 1024 * 1024;
const LONGEST_LINE = 65_536;
const TAIL_LINES = 20;
const LONGEST_TAIL_LINE = 1000;
const NOTHING = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');
const CUT = Buffer.from(' [cut]\n');

export function createCapturedLog(options: CapturedLogOptions): CapturedLog {
  const { service, clock, records, path } = options;
  const note = createNote(options);
  const file = createLogFile({
    path,
    budgetBytes: options.budgetBytes ?? DEFAULT_BUDGET,
    clock,
    onTrouble: (reason, lost) => tellTrouble(options, note, reason, lost),
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.append === undefined ? {} : { append: options.append }),
  });
  const rate = createRate(options, note);
  return {
    path,
    attach(life, pipes, heard) {
      const tail: Buffer[] = [];
      const ends = PIPES.map((sender) => {
        const taking = { service, life, sender, tail, clock, records, file, mayRecord: rate.take };
        const take = createTaker(heard === undefined ? taking : { ...taking, heard });
        return follow(pipes[sender], file, take);
      });
      const ended = Promise.all(ends).then(() => {});
      return {
        ended,
        tail: () => tail.map(toText),
        async finish(graceMs) {
          const patience = new AbortController();
          await Promise.race([ended, clock.sleep(graceMs, patience.signal)]);
          patience.abort();
          for (const sender of PIPES) pipes[sender]?.destroy();
          await ended;
        },
      };
    },
    async close() {
      rate.tell();
      await file.close();
    },
  };
}

const PIPES = ['stdout', 'stderr'] as const;

interface Taking {
  readonly service: string;
  readonly life: string;
  readonly sender: (typeof PIPES)[number];
  readonly tail: Buffer[];
  readonly clock: Clock;
  readonly records: CapturedLogOptions['records'];
  readonly file: LogFile;
  readonly mayRecord: () => boolean;
  readonly heard?: (line: Buffer) => void;
}

type Take = (chunk: Buffer | undefined) => void;

/** Takes the lines of one pipe, chunk by chunk. Only what becomes a record is made into text: a flood must cost little. */
function createTaker(taking: Taking): Take {
  const { service, life, sender, tail, clock, records, file, mayRecord, heard } = taking;
  let drafts: RecordDraft[] = [];
  let lines: Buffer[] = [];
  let fresh: Buffer[] = [];
  let now = 0;
  let prefix = NOTHING;
  const toRecord = (text: string, cut: boolean): RecordDraft => {
    const { level, message, fields, time, kind = 'log' } = parseLine(text, now);
    const all = cut ? { ...fields, cut } : fields;
    const draft = {
      time: time ?? clock.micros(),
      service,
      life,
      kind,
      level,
      sender,
      message,
    } as const;
    return all === undefined ? draft : { ...draft, fields: all };
  };
  const onLine = (line: Buffer, cut: boolean): void => {
    lines.push(prefix, line, cut ? CUT : NEWLINE);
    fresh.push(line);
    heard?.(line);
    if (mayRecord()) drafts.push(toRecord(toText(line), cut));
  };
  const splitter = createLineSplitter({ maxBytes: Math.min(LONGEST_LINE, file.maxLineBytes), onLine });
  return (chunk) => {
    now = clock.now();
    prefix = Buffer.from(`${new Date(now).toISOString()} ${sender} `);
    if (chunk === undefined) splitter.flush();
    else splitter.push(chunk);
    if (lines.length > 0) file.write(cleaned(Buffer.concat(lines)));
    // The lines share memory with the chunk: the few that stay are copied.
    tail.push(...fresh.slice(-TAIL_LINES).map((line) => Buffer.from(line.subarray(0, LONGEST_TAIL_LINE))));
    tail.splice(0, Math.max(0, tail.length - TAIL_LINES));
    if (drafts.length > 0) records(drafts);
    lines = [];
    fresh = [];
    drafts = [];
  };
}

/** Reads a pipe to its end; while the file is full it waits, and so does the child. */
function follow(pipe: Readable | null, file: LogFile, take: Take): Promise<void> {
  if (pipe === null) return Promise.resolve();
  return new Promise((resolve) => {
    pipe.on('data', (chunk: Buffer) => {
      take(chunk);
      if (!file.full) return;
      pipe.pause();
      void file.drained().then(() => pipe.resume());
    });
    // A pipe that breaks has said what it had to say; `close` follows.
    pipe.on('error', () => {});
    pipe.once('close', () => {
      take(undefined);
      resolve();
    });
  });
}

/** Bytes that are no UTF-8, and NUL, become U+FFFD. */
function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\ufffd');
}

function cleaned(lines: Buffer): Buffer {
  return isUtf8(lines) && !lines.includes(0) ? lines : Buffer.from(toText(lines));
}
