import * as v from 'valibot';
import { err, ok, type Result } from '../core/result.ts';
import { didYouMean } from '../core/suggest.ts';
import type { VerbKind } from '../core/verb.ts';

/**
 * The options of a verb with what a person set for one run: a text, or what it is as JSON where a text does not fit (`3`, `true`,
 * `["a"]`). The error is a whole sentence.
 */
export function verbOptions(
  kind: VerbKind,
  written: Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, string>>,
): Result<unknown, string> {
  const known = Object.keys((kind.options as unknown as { readonly entries?: object }).entries ?? {});
  let options = written;
  for (const [key, text] of Object.entries(set)) {
    if (!known.includes(key))
      return err(`cannot set ${key}: ${kind.verb} has no such option${didYouMean(key, known)}`);
    const choices: unknown[] = [text, ...json(text)];
    const found = choices.find((value) => v.safeParse(kind.options, { ...options, [key]: value }).success);
    if (found === undefined) {
      const why =
        v.safeParse(kind.options, { ...options, [key]: text }).issues?.[0]?.message ?? 'it does not fit';
      return err(`cannot set ${key} to ${JSON.stringify(text)}: ${why}`);
    }
    options = { ...options, [key]: found };
  }
  const parsed = v.safeParse(kind.options, options);
  return parsed.success ? ok(parsed.output) : err(parsed.issues[0].message);
}

function json(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}
