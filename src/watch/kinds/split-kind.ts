import { unknown } from './judgement.ts';
import type {
  About,
  Hindsight,
  Judge,
  LineReader,
  LookRequest,
  Reading,
  WatchContext,
  WatchKind,
} from '../kind.ts';

/** A kind of watch as it is written: what it reads, and what that means, apart. */
export interface SplitKind<Options, R extends Reading> extends Omit<WatchKind<Options>, 'open' | 'replay'> {
  /** Reads. What the world may do is part of the reading; it never rejects for that. */
  readonly reader: (options: Options, context: WatchContext) => (request: LookRequest) => Promise<R>;
  readonly judge: (options: Options, about: About) => Judge<R>;
  /** See Replay. */
  readonly source: (options: Options, about: About) => readonly string[];
  readonly hindsight?: Hindsight<R>;
  readonly fits?: (options: Options) => (reading: R) => boolean;
  readonly lines?: (options: Options) => LineReader<R> | undefined;
}

/** Makes a kind of its two halves: looks are read, kept for the history, and judged; a replay judges them again. */
export function splitKind<Options, R extends Reading>(kind: SplitKind<Options, R>): WatchKind<Options> {
  const { reader, judge, source, hindsight, fits, lines, ...rest } = kind;
  return {
    ...rest,
    open(options, context) {
      const read = reader(options, context);
      const judged = judge(options, context);
      return {
        async look(request) {
          const reading = await read(request);
          if (request.keep?.(reading) === false) return unknown('it answered too late');
          return judged(reading, request);
        },
      };
    },
    // What was kept under a source is what this very kind read: the store holds nothing else under that name.
    replay: {
      source,
      judge: judge as (options: Options, about: About) => Judge<Reading>,
      ...(hindsight === undefined ? {} : { hindsight }),
      ...(fits === undefined ? {} : { fits: fits as (options: Options) => (reading: Reading) => boolean }),
      ...(lines === undefined ? {} : { lines }),
    },
  };
}
