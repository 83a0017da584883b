import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import { commandProblem } from '../core/command.ts';
import { type FieldFacts, text } from '../core/fields.ts';
import { err, ok, type Result } from '../core/result.ts';
import { splitWords } from '../core/words.ts';

const FORM = 'a list of words, or a text that is split into words';

/** A command among the options of a verb, as it is written; `commandWords` reads it. */
export function command(examples: readonly unknown[]) {
  return v.pipe(
    v.union([text(), v.pipe(v.array(v.string()), v.minLength(1))], `cannot use this value: write ${FORM}`),
    v.metadata({
      form: FORM,
      json: {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'array', items: { type: 'string' }, minItems: 1 },
        ],
        examples,
      },
    } satisfies FieldFacts),
  );
}

/** A command of a verb's options, as words. The error is a whole sentence. */
export function commandWords(written: string | readonly string[]): Result<readonly string[], string> {
  const words = typeof written === 'string' ? splitWords(written) : ok(written);
  if (!words.ok) return words;
  return words.value.length === 0 ? err('cannot use a command without words') : words;
}

/** What is wrong with it, as far as can be seen from here. @param folder what it is run in; undefined: a place that is not there yet. */
export function commandProblems(
  written: string | readonly string[],
  folder: string | undefined,
): readonly string[] {
  const words = commandWords(written);
  if (!words.ok) return [words.error];
  const [program = ''] = words.value;
  if (folder === undefined && program.includes('/') && !isAbsolute(program)) return [];
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  const problem = commandProblem({ argv: words.value, env, cwd: folder ?? '/' });
  return problem === undefined ? [] : [`cannot use the command "${program}": ${problem}`];
}
