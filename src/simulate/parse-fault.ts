import { err, ok, type Result } from '../core/result.ts';
import { didYouMean } from '../core/suggest.ts';
import { type FaultForm, type FaultForms, type Param, readWhole, TIMES } from './fault-forms.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a fault as it is written on the command line: `NAME[:ARGUMENT[,ARGUMENT]][@KEY=NUMBER[,KEY=NUMBER]]`, such as
 * `close:1001@frames=500` or `http:503@connection=2,times=3`. The error is a whole sentence.
 */
export function readFault(
  text: string,
  { forms, whenFields }: FaultForms,
): Result<Fields & { readonly kind: string }, string> {
  const fail = (why: string): Result<never, string> =>
    err(`cannot read the fault ${JSON.stringify(text)}: ${why}`);
  const at = text.indexOf('@');
  const what = at < 0 ? text : text.slice(0, at);
  const colon = what.indexOf(':');
  const name = colon < 0 ? what : what.slice(0, colon);
  const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
  if (form === undefined) {
    const near = didYouMean(name, Object.keys(forms));
    const known = usages(forms).join(' ');
    return fail(`no fault is called ${JSON.stringify(name)}${near}; known are ${known}`);
  }
  const args = readArguments(colon < 0 ? [] : what.slice(colon + 1).split(','), form.params);
  if (!args.ok) return fail(`${args.error}; it is written ${usageOf(name, form)}`);
  const when = at < 0 ? ok({}) : readWhen(text.slice(at + 1).split(','), form.when, whenFields);
  if (!when.ok) return fail(when.error);
  return ok({ kind: name, ...args.value, ...when.value });
}

/** How each fault is written, as `close[:CODE[,REASON]]`. */
export function usages(forms: FaultForms['forms']): string[] {
  return Object.entries(forms).map(([name, form]) => usageOf(name, form));
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

function readWhen(
  texts: readonly string[],
  allowed: readonly string[],
  fields: FaultForms['whenFields'],
): Result<Fields, string> {
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
    const { field, least } = known === TIMES ? { field: TIMES, least: 1 } : (fields[known] ?? NO_FIELD);
    const number = readWhenNumber(known, value, least);
    if (!number.ok) return number;
    if (known === TIMES) times = number.value;
    else when[field] = number.value;
  }
  return ok({
    ...(Object.keys(when).length > 0 && { when }),
    ...(times !== undefined && { times }),
  });
}

const NO_FIELD = { field: '', least: 0 };

function readWhenNumber(key: string, text: string, least: number): Result<number, string> {
  if (key === TIMES && text === 'always') return ok(Number.POSITIVE_INFINITY);
  const number = readWhole(text, least, Number.MAX_SAFE_INTEGER);
  return number.ok ? number : err(`${key} must be ${number.error}${key === TIMES ? ', or always' : ''}`);
}
