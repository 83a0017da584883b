import * as v from 'valibot';
import { duration, type FieldFacts, text } from '../core/fields.ts';
import { DIGEST_FORM, type DigestTimes, parseDigestTimes } from './digest-times.ts';

const digest = v.pipe(
  v.string(`cannot use this value: write ${DIGEST_FORM}`),
  v.rawTransform<string, DigestTimes>(({ dataset, addIssue, NEVER }) => {
    const read = parseDigestTimes(dataset.value);
    if (read.ok) return read.value;
    addIssue({ message: read.error });
    return NEVER;
  }),
  v.metadata({
    form: DIGEST_FORM,
    json: { type: 'string', examples: ['08:00 Europe/Helsinki', 'Mon-Fri 08:00'] },
  } satisfies FieldFacts),
);

const SHORTEST_REPEAT_MS = 60_000;

/** The keys that every channel has, beside those of its kind. */
export const channelEntries = {
  repeat: v.pipe(
    v.optional(v.pipe(duration, v.minValue(SHORTEST_REPEAT_MS, 'cannot use this value: at least 1m'))),
    v.description('Trouble that lasts is told again so long after the last message. Without it never.'),
  ),
  after: v.pipe(
    v.optional(duration),
    v.description('Only trouble that lasts longer is told, and only while nobody has acknowledged it.'),
  ),
  group: v.pipe(
    v.optional(duration),
    v.description('How long the first news of a message waits for what else goes to the same channel.'),
  ),
  digest: v.pipe(
    v.optional(digest),
    v.description('When to tell once a day what is in trouble, what is silenced, and how the last day was.'),
  ),
} as const;

/** `notify:` in the config: the kinds check what is in it where the plan is made. */
export const channelsConfig = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description(
    'Ways to tell people, by a name that you choose: `NAME: { KIND: …, options }`. The kinds and their options are in docs/reference/channels.md.',
  ),
  v.metadata({
    form: 'channels by name, each with the keys of its kind',
    json: { type: 'object' },
  } satisfies FieldFacts),
);

/** What holds where a channel does not say otherwise. */
export const BEAT_EVERY_MS = 60_000;
const SHORTEST_BEAT_MS = 1_000;

/** `beat:`: somebody else watches the watcher. */
export const beatConfig = v.pipe(
  v.strictObject({
    url: v.pipe(
      text('an http or https address, $NAME or file:PATH'),
      v.description('What is asked for, again and again. Write an address that is a secret as `$NAME`.'),
    ),
    every: v.pipe(
      v.optional(v.pipe(duration, v.minValue(SHORTEST_BEAT_MS, 'cannot use this value: at least 1s'))),
      v.description('How often. Default a minute.'),
    ),
  }),
  v.description(
    'Asks for an address as long as the daemon itself is well, so that whoever waits for it notices when it is not.',
  ),
);
