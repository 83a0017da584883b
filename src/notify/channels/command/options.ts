import * as v from 'valibot';
import { type FieldFacts, text } from '../../../core/fields.ts';
import { splitWords } from '../../../core/words.ts';
import { placeholderMistake } from '../../rendering/placeholders.ts';

const FORM = 'a list of words, or a text that is split into words';
const SHELL = /(^|\/)(sh|bash|dash|zsh|ksh|ash|busybox|fish)$/;

const words = v.pipe(
  v.union(
    [text(), v.pipe(v.array(v.string()), v.minLength(1, 'cannot run an empty command'))],
    `cannot use this value: write ${FORM}`,
  ),
  v.rawTransform<string | string[], readonly string[]>(({ dataset, addIssue, NEVER }) => {
    const split = typeof dataset.value === 'string' ? splitWords(dataset.value) : undefined;
    const argv = split === undefined ? (dataset.value as string[]) : split.ok ? split.value : [];
    const mistakes = [
      ...(split?.ok === false ? [split.error] : []),
      ...(split?.ok !== false && (argv[0] ?? '') === '' ? ['cannot run an empty command'] : []),
      ...argv.flatMap((word) => placeholderMistake(word, false) ?? []),
      ...shellMistakes(argv),
    ];
    for (const message of mistakes) addIssue({ message });
    return mistakes.length === 0 ? argv : NEVER;
  }),
  v.metadata({
    form: FORM,
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string' }, minItems: 1 },
      ],
      examples: [['notify-send', '{title}', '{short}']],
    },
  } satisfies FieldFacts),
);

/** What a log says must never become part of a program. */
function shellMistakes(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word, index) => /^-[a-z]*c$/.test(word) && SHELL.test(argv[index - 1] ?? ''));
  const script = at < 0 ? '' : (argv[at + 1] ?? '');
  const used = /(?<!\$)\{[a-z]+\}/.exec(script.replaceAll(/\{\{|\}\}/g, ''))?.[0];
  if (used === undefined) return [];
  return [
    `cannot put ${used} into a script: what it stands for would be run; write "$VAHTI_${used.slice(1, -1).toUpperCase()}"`,
  ];
}

export const options = v.strictObject({
  run: v.pipe(
    words,
    v.description(
      'The program, without a shell. It gets the notice as JSON on stdin, and in its environment VAHTI_TITLE, VAHTI_SHORT, VAHTI_EVENT, VAHTI_LEVEL, VAHTI_HOST, VAHTI_SERVICES, VAHTI_ID, VAHTI_THREAD, VAHTI_AT, VAHTI_SNOOZE and VAHTI_TEXT; `{title}`, `{short}` and so on are filled in. Exit code 0 is delivered, 75 means later.',
    ),
  ),
});
export type CommandOptions = v.InferOutput<typeof options>;
