import * as v from 'valibot';
import { duration, type FieldFacts, oneOf, text } from '../../../core/fields.ts';
import { patterns } from '../../files/patterns.ts';

export const STAGE_DEFAULTS = {
  files: ['**/*'],
  delayMs: 0,
  settleMs: 10_000,
  structure: 'keep',
  exists: 'error',
} as const;

const MEMBERS_FORM = 'a list of endings such as [.xml, .md5]';
const members = v.pipe(
  v.pipe(
    v.array(text('an ending such as .xml'), `cannot use this value: write ${MEMBERS_FORM}`),
    v.minLength(2, `cannot use this value: write ${MEMBERS_FORM}, two or more`),
    v.maxLength(20, `cannot use this value: write ${MEMBERS_FORM}, 20 at most`),
    v.check(
      (endings) =>
        new Set(endings).size === endings.length && endings.every((ending) => !/[/*?[\]\0]/.test(ending)),
      `cannot use this value: write ${MEMBERS_FORM}, each once, no patterns`,
    ),
  ),
  v.metadata({
    form: MEMBERS_FORM,
    json: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 2,
      maxItems: 20,
      examples: [['.xml', '.md5']],
    },
  } satisfies FieldFacts),
);

export const stageOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder that files arrive in.')),
  to: v.pipe(
    text('a folder'),
    v.description('Where they are moved to. It must exist; folders below it are made as they are needed.'),
  ),
  files: v.pipe(
    v.optional(patterns),
    v.description(
      'Which files, by their paths below the folder. By default all whose names, and those of their folders, begin with no dot.',
    ),
  ),
  exclude: v.pipe(
    v.optional(patterns),
    v.description('No files whose paths match one of these patterns, such as **/*.part; wins over `files`.'),
  ),
  delay: v.pipe(
    v.optional(duration),
    v.description(
      'For how long they must have waited since they arrived, or were last changed in any way (default 0s).',
    ),
  ),
  settle: v.pipe(
    v.optional(duration),
    v.description('How far apart two looks are that must find them unchanged (default 10s).'),
  ),
  structure: v.pipe(
    v.optional(oneOf(['keep', 'flatten'])),
    v.description('Whether they keep their folders (default), or all come into the one folder.'),
  ),
  exists: v.pipe(
    v.optional(oneOf(['error', 'keep', 'number'])),
    v.description(
      'Where another file of the name is there already: the new one is left and told (error, the default), left without a word (keep), or gets a number (x-2.csv). Nothing is ever written over.',
    ),
  ),
  members: v.pipe(
    v.optional(members),
    v.description(
      'Files of one name with these endings belong together: they are moved when all of them are there and settled, the first of the list last. Files with other endings are left.',
    ),
  ),
});

export type StageOptions = v.InferOutput<typeof stageOptions>;
