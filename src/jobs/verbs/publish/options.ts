import * as v from 'valibot';
import { duration, type FieldFacts, integer, oneOf, text } from '../../../core/fields.ts';
import { command } from '../../command-option.ts';
import { farOptions, list } from '../../far/options.ts';
import { patterns } from '../../files/patterns.ts';

export const PUBLISH_DEFAULTS = {
  files: ['**/*'] as readonly string[],
  waitMs: 10_000,
  batch: -1,
  order: 'oldest',
  as: '{path}',
  changed: 'report',
  incomplete: 'publish',
  supplements: 0,
} as const;

const VERSIONS_FORM = 'a list of whole numbers such as [2], "*" for all, or latest';
const versions = v.pipe(
  v.union(
    [
      v.picklist(['*', 'latest']),
      v.pipe(
        integer(0, Number.MAX_SAFE_INTEGER),
        v.transform((one): number[] => [one]),
      ),
      v.pipe(v.array(integer(0, Number.MAX_SAFE_INTEGER)), v.minLength(1), v.maxLength(1000)),
    ],
    `cannot use this value: write ${VERSIONS_FORM}`,
  ),
  v.metadata({
    form: VERSIONS_FORM,
    json: {
      anyOf: [
        { enum: ['*', 'latest'] },
        { type: 'integer', minimum: 0 },
        { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 },
      ],
      examples: [[2], '*', 'latest'],
    },
  } satisfies FieldFacts),
);

const WAITS_FORM = 'levels with a duration each, such as { LL01: 1min }';
const waits = v.pipe(
  v.record(v.string(), duration, `cannot use this value: write ${WAITS_FORM}`),
  v.metadata({
    form: WAITS_FORM,
    json: { type: 'object', additionalProperties: { type: 'string' }, examples: [{ LL01: '1min' }] },
  } satisfies FieldFacts),
);

const template = text('a name with {captures} in it');

/** A list of commands. */
function commands(examples: readonly unknown[]) {
  const form = 'a list of commands, each a list of words or a text';
  return v.pipe(
    v.array(command([]), `cannot use this value: write ${form}`),
    v.minLength(1),
    v.maxLength(20),
    v.metadata({ form, json: { type: 'array', items: {}, minItems: 1, examples } } satisfies FieldFacts),
  );
}

const conflict = v.strictObject({
  supplements: v.pipe(
    v.optional(integer(0, 1000)),
    v.description(
      'How many files of one public name with other contents are published beside the first, with a number each (default 0).',
    ),
  ),
  as: v.pipe(
    v.optional(template),
    v.description(
      'What a supplement is called: as `as`, and {n} is its number. By default -sup1 and so on before the ending.',
    ),
  ),
  quarantine: v.pipe(
    v.optional(text('a folder')),
    v.description(
      'Where a copy of what is one too many is put. It must exist, and lie in neither of the other folders.',
    ),
  ),
});

export const publishOptions = v.strictObject({
  root: v.pipe(
    text('a folder'),
    v.description('The folder whose files are published. Nothing in it is ever changed.'),
  ),
  pipeline: v.pipe(
    v.optional(text('the name of a pipeline')),
    v.description(
      'The pipeline that makes these files. Then only what its ledger has as current is published, and its steps are the levels; versions and checksums are those of the ledger.',
    ),
  ),
  to: v.pipe(
    text('HOST:FOLDER, or a folder here'),
    v.description('Where they are published: a folder here, or HOST:FOLDER (ssh). It must exist.'),
  ),
  by: v.pipe(
    v.optional(oneOf(['rsync', 'ssh'])),
    v.description(
      'How files go to HOST:FOLDER: by rsync over ssh (default), or by ssh alone, where there is no rsync.',
    ),
  ),
  names: v.pipe(
    v.optional(
      list('a name such as solo_{level}_{day}_V{version}{incomplete?}.*', [
        'solo_{level}_{day}_V{version}{incomplete?}.*',
      ]),
    ),
    v.description(
      'What files are called: {capture} takes what stands there, {capture?} may be nothing, {version} takes digits, * is anything. Files with other names are left alone. A regular expression with named groups stands between slashes.',
    ),
  ),
  levels: v.pipe(
    v.optional(list('a level such as L1', [['L0', 'L1']])),
    v.description('Only these levels: steps of the pipeline, or what {level} captures. By default all.'),
  ),
  products: v.pipe(
    v.optional(list('a product such as ql, or a pattern such as ql-*', [['ql-*', 'hk-maxi']])),
    v.description('Only these products: what {product} captures. By default all.'),
  ),
  versions: v.pipe(
    v.optional(versions),
    v.description(
      'Only these versions: what {version} captures, else the pipeline’s; latest is the highest of those files whose names differ in {version} and {incomplete} alone. By default all.',
    ),
  ),
  files: v.pipe(
    v.optional(patterns),
    v.description(
      'Only files whose paths below the folder match. By default all whose names, and those of their folders, begin with no dot.',
    ),
  ),
  exclude: v.pipe(
    v.optional(patterns),
    v.description('No files whose paths match one of these patterns; wins over `files`.'),
  ),
  incomplete: v.pipe(
    v.optional(oneOf(['publish', 'wait'])),
    v.description(
      'What may still grow, as the pipeline says: is published all the same (default), or waits.',
    ),
  ),
  wait: v.pipe(
    v.optional(duration),
    v.description('For how long the content must not have changed (default 10s).'),
  ),
  'wait-of': v.pipe(v.optional(waits), v.description('The same for single levels.')),
  batch: v.pipe(
    v.optional(integer(-1, 1_000_000_000)),
    v.description('How many files one run publishes at the most; -1 is all (default), 0 none.'),
  ),
  order: v.pipe(
    v.optional(oneOf(['oldest', 'newest', 'name'])),
    v.description(
      'Which come first: those that changed longest ago (default), last, or by name. What has failed before comes after the rest.',
    ),
  ),
  as: v.pipe(
    v.optional(template),
    v.description(
      'The public name, a path below `to`: captures of `names`, and {level}, {version}, {path}, {dir}, {name} (without ending), {ext} (with its dot). By default {path}.',
    ),
  ),
  compare: v.pipe(
    v.optional(command([['fitsdiff', '{old}', '{new}']])),
    v.description(
      'Tells whether two files of one public name have the same payload: exit code 0 yes, 1 no. By default their bytes are compared.',
    ),
  ),
  conflict: v.pipe(
    v.optional(conflict),
    v.description('What becomes of other contents of a public name. By default they are errors.'),
  ),
  changed: v.pipe(
    v.optional(oneOf(['report', 'republish', 'new-version'])),
    v.description(
      'Where a published file has another content later: it is told once (report, the default), takes the place of the old one (republish), or is an error until there is a newer version of it (new-version).',
    ),
  ),
  blacklist: v.pipe(
    v.optional(text('a file')),
    v.description(
      'A file of names or patterns, one a line, that are not published: of files, of paths below the folder, or of public names. What is taken out of it is published.',
    ),
  ),
  hooks: v.pipe(
    v.optional(commands([[['add-header', '{file}']]])),
    v.description(
      'Commands that may change a private copy before it is published: {file} is the copy, {public} its public name, and all that `as` knows.',
    ),
  ),
  ...farOptions,
});

export type PublishOptions = v.InferOutput<typeof publishOptions>;
