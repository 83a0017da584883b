import * as v from 'valibot';
import { duration, flag, integer, oneOf, text } from '../../core/fields.ts';
import { didYouMean } from '../../core/suggest.ts';
import { command, globList } from '../fields.ts';
import { compileNames } from '../../core/names.ts';
import { namesIn, parseTemplate } from '../../core/template.ts';

/** What a gate can say of its file. */
const GATE_NAMES: readonly string[] = ['in', 'name', 'stem', 'path', 'dir'];

/** A marker has to be another file than the one that it marks, in the same folder, and to follow from its name. */
function isMarkerName(marker: string): boolean {
  const names = namesIn(parseTemplate(marker));
  return (
    names.length === 1 &&
    names.every((name) => name === 'name' || name === 'stem') &&
    !marker.includes('/') &&
    !/^\{(?:name|stem)\}$/.test(marker)
  );
}

const group = v.pipe(
  v.strictObject({
    key: v.pipe(
      text('a pattern of names such as {request}.{part}.xml'),
      v.rawCheck(({ dataset, addIssue }) => {
        const names = dataset.typed ? compileNames([dataset.value]) : undefined;
        if (names?.ok === false) addIssue({ message: names.error });
        else if (names?.value.captures.length === 0)
          addIssue({
            message: `cannot group by ${JSON.stringify(dataset.value)}: it has no capture such as {request}`,
          });
      }),
      v.description(
        'Which files belong together: a pattern of names with captures in braces. Files with the same captures, but for `{part}`, are one group.',
      ),
    ),
    count: v.pipe(integer(2, 100_000), v.description('How many members make a group complete.')),
    timeout: v.pipe(
      v.optional(duration, '1h'),
      v.description('How long after its first member a group may stay incomplete.'),
    ),
    partial: v.pipe(
      v.optional(oneOf(['fail', 'go']), 'fail'),
      v.description('What happens then: its members have failed, or they go on as they are.'),
    ),
  }),
  v.description('Several files that are one input.'),
);

const gate = v.pipe(
  v.strictObject({
    run: v.pipe(
      command,
      v.rawCheck(({ dataset, addIssue }) => {
        for (const word of dataset.typed ? dataset.value : [])
          for (const name of namesIn(parseTemplate(word)))
            if (!GATE_NAMES.includes(name))
              addIssue({
                message: `cannot write ${JSON.stringify(word)}: a gate knows no {${name}}${didYouMean(name, GATE_NAMES)}`,
              });
      }),
      v.description(
        'The command: with exit code 0 the file goes on, with any other it waits. `{in}` is its path.',
      ),
    ),
    every: v.pipe(
      v.optional(duration, '10m'),
      v.description('How long a file waits until the command is asked again.'),
    ),
    timeout: v.pipe(
      v.optional(duration, '1m'),
      v.description('How long the command may run; then it is ended, and the file waits.'),
    ),
  }),
  v.description('A command that says whether a file may go on.'),
);

/** One inbox: a folder that files come into. */
export const inboxConfig = v.pipe(
  v.strictObject({
    root: v.pipe(text('a folder'), v.description('The folder; relative to the config file.')),
    match: v.pipe(
      v.optional(globList, ['**']),
      v.description('Which files are meant, by their paths below the folder.'),
    ),
    ignore: v.pipe(
      v.optional(globList),
      v.description(
        'Which are not, beside hidden files and those that programs have not finished: `*.tmp`, `*.part`, `*.partial`, `*.filepart`, and the temporary names of rsync and NFS.',
      ),
    ),
    delay: v.pipe(v.optional(duration, '0s'), v.description('How long after it came a file goes on.')),
    settle: v.pipe(
      v.optional(duration, '2s'),
      v.description(
        'A file that did not come by a rename goes on when two looks, so far apart, see the same; with 0s at once.',
      ),
    ),
    marker: v.pipe(
      v.optional(
        v.pipe(
          text('a name such as {name}.ok'),
          v.check(
            isMarkerName,
            'cannot use this as a marker: write a name with {name} or {stem}, and more, in it, such as {name}.ok',
          ),
        ),
      ),
      v.description(
        'A file goes on when this one is beside it. `{name}` is the name of the file, `{stem}` that without its ending.',
      ),
    ),
    group: v.optional(group),
    gate: v.optional(gate),
    reference: v.pipe(
      v.optional(flag, false),
      v.description('Its files are no inputs; each that comes only wakes what was deferred.'),
    ),
    'on-same-name': v.pipe(
      v.optional(oneOf(['rerun', 'ignore', 'error']), 'rerun'),
      v.description('What happens with a known name that comes with other content.'),
    ),
    start: v.pipe(
      v.optional(oneOf(['unprocessed', 'new']), 'unprocessed'),
      v.description(
        'What of the files that are there when the inbox is first looked at is taken: all, or none.',
      ),
    ),
    scan: v.pipe(
      v.optional(duration, '30s'),
      v.description('How often the whole folder is looked at, whatever was noticed meanwhile.'),
    ),
    hash: v.pipe(
      v.optional(flag, false),
      v.description(
        'Tells content apart by SHA-256, too: a file that was written anew with what it held is no new one.',
      ),
    ),
  }),
  v.description('A folder that files come into.'),
);

export type InboxConfig = v.InferOutput<typeof inboxConfig>;
