import * as path from 'node:path';
import * as v from 'valibot';
import { type Expression, parseExpression } from '../../core/expression.ts';
import { text } from '../../core/fields.ts';
import type { Judgement } from '../judgement.ts';
import { ask, type Inputs, inputsOf, lacking } from './inputs.ts';
import { bad, ok, unknown, OUTPUT } from './judgement.ts';
import {
  type FoundRecord,
  followRecords,
  type Latest,
  readLines,
  type RecordSource,
} from './latest-record.ts';
import type { Read } from './one-at-a-time.ts';
import { compiledPattern, expression, pattern } from './options.ts';
import { splitKind } from './split-kind.ts';

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

/** The latest record, as far as it is judged. */
export type LatestReading = {
  readonly missing: boolean;
  readonly record?: { readonly summary: string; readonly inputs: Inputs } | undefined;
};

/** Judges the latest record. It clears itself with the next good one. */
export function judgeRecord(name: string, isBad: Expression, { record, missing }: LatestReading): Judgement {
  if (record === undefined)
    return unknown(
      missing && name !== OUTPUT ? `there is no log ${name}` : `${name} has no record of this life yet`,
    );
  const { summary, inputs } = record;
  const answer = ask(isBad, inputs);
  if (answer === undefined)
    return unknown(`${lacking(isBad, inputs)} of the latest record was not kept`, summary);
  const reason = `the latest record of ${name}: ${answer.why}`;
  return answer.holds ? bad(summary, reason) : ok(summary, reason);
}

/** What is kept of a record beside what is judged: other conditions are mostly on these. */
const COMMON_FIELDS = ['level', 'severity', 'message', 'msg', 'event', 'error'] as const;

export function recordReading(isBad: Expression, { record, missing }: Latest): LatestReading {
  if (record === undefined) return { missing };
  return {
    missing,
    record: { summary: summaryOf(record), inputs: inputsOf(isBad, record.values, COMMON_FIELDS) },
  };
}

const SHOWN_CHARACTERS = 120;

/** The record's message, else its line. */
function summaryOf({ values, text: line }: FoundRecord): string {
  const message = ['message', 'msg', 'event', 'error']
    .map((key) => values[key])
    .find((said) => typeof said === 'string');
  const said = typeof message === 'string' && message !== '' ? message : line;
  return said.length > SHOWN_CHARACTERS ? `${said.slice(0, SHOWN_CHARACTERS)}…` : said;
}

/** The state of the latest structured record of a log. */
export const record = splitKind<Options, Read<LatestReading>>({
  kind: 'record',
  main: 'file',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  reader(given, context) {
    const isBad = parsed(given.bad);
    const read = followRecords(sourceOf(given), context);
    return async (request) => {
      const latest = await read(request);
      return latest.ok ? { ok: true, value: recordReading(isBad, latest.value) } : latest;
    };
  },
  judge(given) {
    const isBad = parsed(given.bad);
    const name = given.file ?? OUTPUT;
    return (latest) =>
      latest.ok ? judgeRecord(name, isBad, latest.value) : unknown(`cannot read ${name}: ${latest.reason}`);
  },
  source: ({ file, where, pattern: form }, { folder }) => [
    'record',
    file === undefined ? '' : path.resolve(folder, file),
    where ?? '',
    form ?? '',
  ],
  fits(given) {
    const isBad = parsed(given.bad);
    return (latest) =>
      !latest.ok || latest.value.record === undefined || ask(isBad, latest.value.record.inputs) !== undefined;
  },
  lines(given) {
    if (given.file !== undefined) return undefined;
    const isBad = parsed(given.bad);
    const { take, latest } = readLines(sourceOf(given));
    return {
      take,
      reading: (moment) => ({
        ok: true,
        value: recordReading(isBad, { record: latest(moment), missing: false }),
      }),
    };
  },
});

function sourceOf({ file, where, pattern: form }: Options): RecordSource {
  const counted = where === undefined ? undefined : parsed(where);
  return {
    file,
    pattern: form === undefined ? undefined : compiledPattern(form),
    counts: (values) => counted?.test(values) ?? true,
  };
}

function parsed(expressionText: string): Expression {
  const result = parseExpression(expressionText);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
