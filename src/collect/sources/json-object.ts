/** What lies before the first brace of a JSON object. */
const BRACE = /^[ \t\r\n]*\{/;

/** The object that a text is the JSON of; undefined where it is none. */
export function jsonObject(text: string): object | undefined {
  if (!BRACE.test(text)) return undefined;
  try {
    // What begins with a brace can be nothing else.
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
