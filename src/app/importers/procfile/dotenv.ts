/**
 * Reads an environment file as foreman does: `NAME=value` lines; `'…'` is taken as it is; in `"…"` `\n` is a newline, and
 * any other backslash takes the next character as it is. All else is passed over.
 */
export function readDotenv(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ''] = /^(?:export\s+)?([A-Za-z_0-9]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const [, single] = /^'(.*)'$/.exec(value) ?? [];
    const [, double] = /^"(.*)"$/.exec(value) ?? [];
    variables[name] =
      single ??
      double?.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)) ??
      value;
  }
  return variables;
}
