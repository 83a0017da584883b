import * as v from 'valibot';
import { duration, type FieldFacts, integer, oneOf, size, text } from '../core/fields.ts';

const BROKER = /^\s*(nats|tls|kafka|kafka\+tls):/i;

const streamUrl = v.pipe(
  text('the address of a stream: ws://, wss://, https://, tcp://, nats:// or kafka://'),
  v.check(
    // An address with several hosts is no URL.
    (value) => BROKER.test(value) || /^(wss?|tcp|(sse\+)?https?):$/.test(urlProtocol(value)),
    (issue) =>
      `cannot collect from ${withoutLogin(issue.input)}: write an address that begins with ws://, wss://, http://, https://, tcp://, nats:// or kafka://`,
  ),
);

const stream = v.pipe(
  v.union(
    [streamUrl, v.pipe(v.array(text('a word')), v.minLength(1, 'cannot run nothing: write a command'))],
    (issue) => unionMessage(issue),
  ),
  v.metadata({
    form: 'an address (ws://, wss://, http://, https://, tcp://, nats://, kafka://), or a command as a list of words',
    json: {
      anyOf: [
        {
          type: 'string',
          pattern:
            '^\\s*([wW][sS][sS]?|([sS][sS][eE]\\+)?[hH][tT][tT][pP][sS]?|[tT][cC][pP]|[nN][aA][tT][sS]|[tT][lL][sS]|[kK][aA][fF][kK][aA](\\+[tT][lL][sS])?):',
          examples: ['wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos'],
        },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
      ],
    },
  } satisfies FieldFacts),
);

/** What is wrong with a text is said by the rule that it breaks; anything else is no stream at all. */
function unionMessage(issue: {
  readonly input: unknown;
  readonly issues?: readonly { readonly message: string }[] | undefined;
}): string {
  const told =
    typeof issue.input === 'string'
      ? issue.issues?.find((each) => each.message.startsWith('cannot collect from'))
      : undefined;
  return (
    told?.message ?? 'cannot use this value: write the address of a stream, or a command as a list of words'
  );
}

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

/** A text that may be an address, without what may be a secret in it. */
function withoutLogin(value: string): string {
  return value.replace(/\/\/[^/]*@/, '//…@');
}

/** A secret stands in the environment or in a file, never in the config. */
const secret = v.pipe(
  v.string('cannot use this value: write $NAME or file:PATH'),
  v.regex(
    /^(\$[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
    'cannot use this value: write $NAME or file:PATH, not the secret itself',
  ),
  v.metadata({
    form: '$NAME or file:PATH',
    json: { type: 'string', pattern: '^(\\$[A-Za-z_][A-Za-z0-9_]*|file:.+)$' },
  } satisfies FieldFacts),
);

/** `collect:` takes a stream in and keeps it as files. */
export const collectConfig = v.pipe(
  v.strictObject({
    from: v.pipe(
      stream,
      v.description(
        'The stream. By its address an atproto firehose (`wss://HOST/xrpc/com.atproto.sync.subscribeRepos`), a Jetstream (`wss://HOST/subscribe`, or version 2: `wss://HOST/xrpc/network.bsky.jetstream.subscribeEvents`, with its options in the address), server-sent events (`https://HOST/PATH`, or `sse+https://HOST/PATH`), or plain lines: the messages of any other WebSocket, `tcp://HOST:PORT`, or what a command prints (a list of words). `nats://HOST,…/STREAM` (`tls://` with TLS) is a stream of NATS JetStream, `kafka://HOST,…/TOPIC` (`kafka+tls://`) a topic of Kafka. A `cursor=` in the address is dropped: where to go on is in the checkpoint.',
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
    dictionary: v.pipe(
      v.optional(text('a file')),
      v.description('Jetstream: the server’s zstd dictionary, a file; messages then come compressed.'),
    ),
    time: v.pipe(
      v.optional(text('a path such as meta.created_at')),
      v.description(
        'Lines, sse, nats, kafka: where JSON has its time: RFC 3339, or seconds, ms, µs or ns since 1970. Otherwise the time of receipt counts, or the broker’s.',
      ),
    ),
    silence: v.pipe(
      v.optional(duration),
      v.description('Lines, sse: connect anew, or start the command again, when nothing came for so long.'),
    ),
    line: v.pipe(
      v.optional(size, '1M'),
      v.description(
        'Lines, sse, nats, kafka: the longest line, event or message; of a longer one the beginning goes to the quarantine.',
      ),
    ),
    send: v.pipe(
      v.optional(v.string()),
      v.metadata({ form: 'text', json: { type: 'string' } } satisfies FieldFacts),
      v.description(
        'Lines: sent as soon as the connection is open, such as a subscription; over TCP it needs its own newline.',
      ),
    ),
    user: v.pipe(v.optional(text('a user name')), v.description('Brokers: the user to log in as.')),
    password: v.pipe(
      v.optional(secret),
      v.description('Brokers: its password; NATS without `user`: a token. Looked up at each connection.'),
    ),
    creds: v.pipe(
      v.optional(text('a file')),
      v.description('NATS: a credentials file (JWT and key); relative to the config file.'),
    ),
    ca: v.pipe(
      v.optional(text('a file')),
      v.description('Brokers: the certificate authorities to trust, PEM, instead of the usual ones.'),
    ),
    cert: v.pipe(v.optional(text('a file')), v.description('Brokers: the collector’s own certificate, PEM.')),
    key: v.pipe(v.optional(text('a file')), v.description('Brokers: the key of `cert`, PEM.')),
    spool: v.pipe(
      v.optional(size, '256M'),
      v.description(
        'Room on the disk for messages of a WebSocket that arrive while it does not keep up for more than 10 s.',
      ),
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
