import type { Diagnostic } from '../../../core/diagnostics.ts';
import { asError, err, ok, type Result } from '../../../core/result.ts';
import { mistake, parseForeign, readForeign } from '../foreign.ts';

/** The keys of a JSON object, as they stand in a file. An empty file has none. Messages quote nothing of it: it may hold secrets. */
export function readJsonObject(file: string): Result<Readonly<Record<string, unknown>>, Diagnostic[]> {
  const text = readForeign(file);
  if (!text.ok) return err([text.error]);
  if (text.value === '') return ok({});
  const value = parse(text.value, file);
  if (!value.ok) return value;
  if (isObject(value.value)) return ok(value.value);
  return err([mistake(file, `cannot import ${file}: it is no JSON object`)]);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string, file: string): Result<unknown, Diagnostic[]> {
  try {
    return ok(JSON.parse(text));
  } catch (thrown) {
    // What breaks the form of YAML too has a place there; the rest is what only YAML allows.
    const looser = parseForeign(text, file);
    if (!looser.ok) return looser;
    const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(asError(thrown).message) ?? [];
    const place = line === undefined ? undefined : { line: Number(line), column: Number(column) };
    const why = 'it is no JSON: look for a comment, a comma too many or text without its quotes';
    return err([mistake(file, `cannot import ${file}: ${why}`, place)]);
  }
}
