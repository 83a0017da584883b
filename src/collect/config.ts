import * as v from 'valibot';
import { type FieldFacts, integer, oneOf, text, size } from '../core/fields.ts';

const streamUrl = v.pipe(
  text('the address of a stream, ws:// or wss://'),
  v.check(
    (value) => /^wss?:$/.test(urlProtocol(value)),
    (issue) => `cannot collect from ${issue.input}: write an address that begins with ws:// or wss://`,
  ),
  v.metadata({
    json: {
      type: 'string',
      pattern: '^\\s*[wW][sS][sS]?:',
      examples: ['wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos'],
    },
  }),
);

const beginning = v.pipe(
  v.union(
    [oneOf(['live', 'oldest']), integer(0, Number.MAX_SAFE_INTEGER)],
    'cannot use this value: write live, oldest, or a sequence number',
  ),
  v.metadata({
    form: 'live | oldest | a sequence number',
    json: {
      anyOf: [
        { enum: ['live', 'oldest'] },
        { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      ],
    },
  } satisfies FieldFacts),
);

function urlProtocol(value: string): string {
  return URL.canParse(value) ? new URL(value).protocol : '';
}

/** `collect:` takes a stream in and keeps it as files. */
export const collectConfig = v.pipe(
  v.strictObject({
    from: v.pipe(
      streamUrl,
      v.description(
        'The stream: an atproto firehose, `wss://HOST/xrpc/com.atproto.sync.subscribeRepos`. A `cursor=` in it is dropped: where to go on is in the checkpoint.',
      ),
    ),
    into: v.pipe(
      text('a folder'),
      v.description(
        'The folder to collect into; relative to the config file. Data and cursor lie in it together. Only one collector may use a folder.',
      ),
    ),
    part: v.pipe(
      v.optional(
        v.union(
          [
            oneOf(['hour', 'minute', 'day']),
            v.pipe(size, v.minValue(65_536, 'cannot use this value: at least 64K')),
          ],
          'cannot use this value: write hour, minute, day, or a size such as 256M',
        ),
        'hour',
      ),
      v.metadata({
        form: 'hour | minute | day, or a size such as 256M',
        json: {
          anyOf: [
            { enum: ['hour', 'minute', 'day'] },
            { type: 'string', pattern: '^\\s*\\d', examples: ['256M'] },
          ],
        },
      } satisfies FieldFacts),
      v.description('How much one file holds: a stretch of event time (UTC), or so many bytes.'),
    ),
    floor: v.pipe(
      v.optional(size, '64M'),
      v.description(
        'Free room on the disk below which nothing is taken: the collector says so, waits, and goes on by itself.',
      ),
    ),
    'on-reset': v.pipe(
      v.optional(oneOf(['live', 'oldest', 'stop']), 'live'),
      v.description(
        'When the stream’s numbers begin anew, a new epoch begins with files of its own: go on at the live end, with the oldest that the server has, or stop until a person looks.',
      ),
    ),
    cursor: v.pipe(
      v.optional(beginning, 'live'),
      v.description(
        'Where to begin when nothing was collected yet: at the live end, with the oldest event that the server has, or after a sequence number.',
      ),
    ),
  }),
  v.description('Collects a stream into files, each event exactly once.'),
);

export type CollectConfig = v.InferOutput<typeof collectConfig>;
