import * as v from 'valibot';
import { type Expression, parseExpression } from '../../core/expression.ts';
import { type FieldFacts, text } from '../../core/fields.ts';
import { asError } from '../../core/result.ts';
import type { Judgement, WatchKind } from '../kind.ts';
import { bad, ok, unknown } from './judgement.ts';
import { type FoundRecord, followRecords, type Latest } from './latest-record.ts';
import { expression } from './options.ts';

const LONGEST_PATTERN = 1000;

/** A regular expression with named groups, kept as text. */
export const pattern = v.pipe(
  text('a regular expression with named groups'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const problem = patternProblem(dataset.value);
    if (problem !== undefined) addIssue({ message: `cannot use this regular expression: ${problem}` });
  }),
  v.metadata({
    form: 'a regular expression with named groups',
    json: { type: 'string', minLength: 1, examples: ['^(?<time>\\S+) (?<level>\\w+): (?<message>.*)$'] },
  } satisfies FieldFacts),
);

function patternProblem(source: string): string | undefined {
  if (source.length > LONGEST_PATTERN) return `it is over ${LONGEST_PATTERN} characters`;
  try {
    // An empty alternative matches anything, and tells which groups there are.
    const groups = new RegExp(`${source}|`, 'u').exec('')?.groups;
    return groups === undefined ? 'it has no named group, such as (?<level>\\w+)' : undefined;
  } catch (thrown) {
    return asError(thrown).message;
  }
}

const options = v.strictObject({
  file: v.pipe(
    v.optional(text('a file')),
    v.description('A log of JSON lines; without it, what the service prints.'),
  ),
  bad: v.pipe(
    expression(),
    v.description('On the fields of the latest record: when it holds, the service is bad.'),
  ),
  where: v.pipe(v.optional(expression()), v.description('Which records count; by default all.')),
  pattern: v.pipe(
    v.optional(pattern),
    v.description(
      'For lines of plain text: its named groups are the fields. Of a line the first 2,000 characters count.',
    ),
  ),
});
type Options = v.InferOutput<typeof options>;

/** Judges the latest record. It clears itself with the next good one. */
export function judgeRecord(name: string, isBad: Expression, { record, missing }: Latest): Judgement {
  if (record === undefined)
    return unknown(missing ? `there is no log ${name}` : `${name} has no record of this life yet`);
  const reason = `the latest record of ${name}: ${isBad.explain(record.values)}`;
  return isBad.test(record.values) ? bad(summary(record), reason) : ok(summary(record), reason);
}

const SHOWN_CHARACTERS = 120;

/** The record's message, else its line. */
function summary({ values, text: line }: FoundRecord): string {
  const message = ['message', 'msg', 'event', 'error']
    .map((key) => values[key])
    .find((said) => typeof said === 'string');
  const said = typeof message === 'string' && message !== '' ? message : line;
  return said.length > SHOWN_CHARACTERS ? `${said.slice(0, SHOWN_CHARACTERS)}…` : said;
}

/** The state of the latest structured record of a log. */
export const record: WatchKind<Options> = {
  kind: 'record',
  main: 'file',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  open(given, context) {
    const isBad = parsed(given.bad);
    const where = given.where === undefined ? undefined : parsed(given.where);
    const source = {
      file: given.file,
      pattern: given.pattern === undefined ? undefined : new RegExp(given.pattern, 'u'),
      counts: (values: FoundRecord['values']) => where?.test(values) ?? true,
    };
    const read = followRecords(source, context);
    const name = given.file ?? 'the output';
    return {
      async look(request) {
        const latest = await read(request);
        return latest.ok
          ? judgeRecord(name, isBad, latest.value)
          : unknown(`cannot read ${name}: ${latest.reason}`);
      },
    };
  },
};

function parsed(expressionText: string): Expression {
  const result = parseExpression(expressionText);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
