import { err, ok, type Result } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { FAULT_FORMS, type FaultForm, type Param, readWhole, type WhenKey } from './fault-forms.ts';
import type { FirehoseFault } from './faults.ts';

/** The field of a fault's `when` that a key of the text stands for; `times` is a field of the fault itself. */
const WHEN_FIELDS: Readonly<Record<Exclude<WhenKey, 'times'>, string>> = {
  frames: 'afterFrames',
  'all-frames': 'afterAllFrames',
  seq: 'seq',
  connection: 'connection',
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a fault as it is written on the command line: `NAME[:ARGUMENT[,ARGUMENT]][@KEY=NUMBER[,KEY=NUMBER]]`, such as
 * `close:1001@frames=500` or `http:503@connection=2,times=3`. The error is a whole sentence.
 */
export function parseFault(text: string): Result<FirehoseFault, string> {
  const fail = (why: string): Result<FirehoseFault, string> =>
    err(`cannot read the fault ${JSON.stringify(text)}: ${why}`);
  const at = text.indexOf('@');
  const what = at < 0 ? text : text.slice(0, at);
  const colon = what.indexOf(':');
  const name = colon < 0 ? what : what.slice(0, colon);
  const form = Object.hasOwn(FAULT_FORMS, name) ? FAULT_FORMS[name as FirehoseFault['kind']] : undefined;
  if (form === undefined) {
    const near = didYouMean(name, Object.keys(FAULT_FORMS));
    return fail(`no fault is called ${JSON.stringify(name)}${near}; known are ${listFaults().join(' ')}`);
  }
  const args = readArguments(colon < 0 ? [] : what.slice(colon + 1).split(','), form.params);
  if (!args.ok) return fail(`${args.error}; it is written ${usageOf(name, form)}`);
  const when = at < 0 ? ok({}) : readWhen(text.slice(at + 1).split(','), form.when);
  if (!when.ok) return fail(when.error);
  // The forms know the fields of each kind; the test of this file holds every form against its kind.
  return ok({ kind: name, ...args.value, ...when.value } as unknown as FirehoseFault);
}

/** How each fault is written, as `close[:CODE[,REASON]]`. */
export function listFaults(): string[] {
  return Object.entries(FAULT_FORMS).map(([name, form]) => usageOf(name, form));
}

function usageOf(name: string, { params }: FaultForm): string {
  let usage = '';
  for (const [index, param] of [...params.entries()].reverse()) {
    const own = `${index === 0 ? ':' : ','}${param.name}${usage}`;
    usage = param.fallback === undefined ? own : `[${own}]`;
  }
  return `${name}${usage}`;
}

function readArguments(texts: readonly string[], params: readonly Param[]): Result<Fields, string> {
  if (texts.length > params.length) {
    return err(
      params.length === 0 ? 'it takes no argument' : `it takes no more than ${params.length} arguments`,
    );
  }
  const fields: Record<string, unknown> = {};
  for (const [index, param] of params.entries()) {
    const text = texts[index] ?? '';
    if (text === '' && param.fallback === undefined) return err(`${param.name} is missing`);
    const value = text === '' && param.fallback !== undefined ? ok(param.fallback.value) : param.read(text);
    if (!value.ok) return err(`${param.name} must be ${value.error}`);
    if (value.value !== undefined) fields[param.field] = value.value;
  }
  return ok(fields);
}

function readWhen(texts: readonly string[], allowed: readonly WhenKey[]): Result<Fields, string> {
  const when: Record<string, number> = {};
  let times: number | undefined;
  for (const text of texts) {
    const [key = '', value = ''] = text.split('=', 2);
    const known = allowed.find((one) => one === key);
    if (known === undefined) {
      const near = didYouMean(key, allowed);
      return err(
        `it cannot wait for ${JSON.stringify(key)}${near}; after the @ it takes ${allowed.join(', ')}`,
      );
    }
    const number = readWhenNumber(known, value);
    if (!number.ok) return number;
    if (known === 'times') times = number.value;
    else when[WHEN_FIELDS[known]] = number.value;
  }
  return ok({
    ...(Object.keys(when).length > 0 && { when }),
    ...(times !== undefined && { times }),
  });
}

function readWhenNumber(key: WhenKey, text: string): Result<number, string> {
  if (key === 'times' && text === 'always') return ok(Number.POSITIVE_INFINITY);
  const least = key === 'frames' || key === 'all-frames' ? 0 : 1;
  const number = readWhole(text, least, Number.MAX_SAFE_INTEGER);
  return number.ok ? number : err(`${key} must be ${number.error}${key === 'times' ? ', or always' : ''}`);
}
