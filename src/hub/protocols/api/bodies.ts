import { err, ok, type Result } from '../../../core/result.ts';

const LINES = /ndjson|jsonl|json-?lines|stream\+json/i;

/**
 * What a body has: one object, a list of them, `{"logs": […]}`, or one object a line. The error names what cannot be read:
 * `entry 3: it is no JSON`.
 * @param list the key of a list in an object, `logs`
 */
export function readEntryList(
  body: Buffer,
  contentType: string | undefined,
  list: string,
): Result<readonly unknown[], string> {
  const text = body.toString('utf8');
  if (text.trim() === '') return err('the body is empty');
  if (LINES.test(contentType ?? '')) return readLines(text);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    // Many shippers send lines without saying so.
    return /\}\s*\n\s*\{/.test(text) ? readLines(text) : err('the body is no JSON');
  }
  if (Array.isArray(given)) return ok(given);
  const within =
    typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[list] : undefined;
  return ok(Array.isArray(within) ? within : [given]);
}

function readLines(text: string): Result<readonly unknown[], string> {
  const entries: unknown[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    try {
      entries.push(JSON.parse(line));
    } catch {
      return err(`entry ${entries.length + 1}: it is no JSON`);
    }
  }
  return ok(entries);
}
