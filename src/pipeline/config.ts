import * as v from 'valibot';
import { channelNames, duration, integer, oneOf, text } from '../core/fields.ts';
import { inboxConfig } from './inbox/config.ts';
import { stepConfig } from './steps/config.ts';

/** What the one inbox of a pipeline is called where `inboxes` gives it no name. */
export const ONLY_INBOX = 'inbox';

/** Names of steps and inboxes: they stand in paths, in the ledger and in addresses. */
export const PART_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

const names = { json: { propertyNames: { pattern: PART_NAME.source } } };

const failures = v.strictObject({
  notify: v.pipe(
    v.optional(channelNames),
    v.description('The channels; by default those of the service. `[]` is nobody.'),
  ),
  digest: v.pipe(
    v.optional(duration, '1h'),
    v.description(
      'The first failure is told at once; what else fails then is told together, once in so long a time.',
    ),
  ),
});

/** `pipeline:` makes products of the files that come in. */
export const pipelineConfig = v.pipe(
  v.strictObject({
    inbox: v.optional(inboxConfig),
    inboxes: v.pipe(
      v.optional(v.record(v.string(), inboxConfig)),
      v.description(
        'Several folders that files come into, by names of letters, digits, dashes and underscores.',
      ),
      v.metadata(names),
    ),
    products: v.pipe(
      v.optional(text('a folder'), 'products'),
      v.description('The folder that products go to; relative to the config file.'),
    ),
    status: v.pipe(
      v.optional(text('an address such as 127.0.0.1:12388')),
      v.description('Where its status can be asked for by lines of text over TCP; nowhere without it.'),
    ),
    logs: v.pipe(
      v.optional(text('a folder')),
      v.description(
        'A folder for a log of each file that came in: `.log` with all that was done and printed, `.log.err` where it has failed, `.out` with its products; relative to the config file.',
      ),
    ),
    version: v.pipe(
      v.optional(integer(1, 999_999), 1),
      v.description('The version of all products, where that of their step is not higher.'),
    ),
    'on-error': v.pipe(
      v.optional(oneOf(['continue', 'stop']), 'continue'),
      v.description(
        'When a run has failed for good: go on with everything else, or begin nothing until a person says `vahti pipeline resume NAME`.',
      ),
    ),
    failures: v.pipe(v.optional(failures), v.description('Who is told of files that failed, and how often.')),
    keep: v.pipe(
      v.optional(duration, '90d'),
      v.description(
        'How long the ledger knows what led to nothing that is there, and what runs printed is kept at most. What products that are there come from, and which files of an inbox were done, is known for as long as they are there.',
      ),
    ),
    parallel: v.pipe(
      v.optional(integer(1, 1000)),
      v.description('How many runs of all steps there may be at a time.'),
    ),
    steps: v.pipe(
      v.record(v.string(), stepConfig),
      v.description('What is done, by names of letters, digits, dashes and underscores.'),
      v.metadata(names),
    ),
  }),
  v.description('Makes products of the files that come in, each exactly once.'),
);

export type PipelineConfig = v.InferOutput<typeof pipelineConfig>;
