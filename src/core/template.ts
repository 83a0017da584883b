import { err, ok, type Result } from './result.ts';

/**
 * A text with `{name}` in it; `{name:02}` writes a number with so many digits. `{{name}}` stands for the text `{name}`; all other
 * braces are what they are, as scripts have many.
 */
export type Template = readonly (string | Placeholder)[];

interface Placeholder {
  readonly name: string;
  /** The least number of digits. */
  readonly digits: number;
  /** Written `{name?}`: it may be nothing. Only where braces are read strictly, as scripts write such things. */
  readonly isOptional: boolean;
}

/** What a template can say, by name. */
export type Values = Readonly<Record<string, string>>;

const PARTS =
  /\{(\{[A-Za-z_][A-Za-z0-9_]*(?::0\d)?\})\}|\{([A-Za-z_][A-Za-z0-9_]*)(?::0(\d))?\}|[^{}]+|[{}]/gs;

const OPTIONAL = /(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\?\}/;

export function parseTemplate(text: string): Template {
  return Array.from(text.matchAll(PARTS), ([part, meant, name, digits]) =>
    name === undefined ? (meant ?? part) : { name, digits: Number(digits ?? 0), isOptional: false },
  );
}

/** As `parseTemplate`, where a brace that stands for itself can only be a mistake. The error is a whole sentence. */
export function parseStrictly(text: string): Result<Template, string> {
  const template = text.split(OPTIONAL).flatMap((part, index): Template => {
    return index % 2 === 0 ? parseTemplate(part) : [{ name: part, digits: 0, isOptional: true }];
  });
  if (!template.some((part) => part === '{' || part === '}')) return ok(template);
  return err(`cannot read ${JSON.stringify(text)}: it has a brace alone; write {name}`);
}

/** The names that a template asks for. */
export function namesIn(template: Template): readonly string[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
}

/** Writes a template. The error names what it asks for and nobody gives. */
export function expand(template: Template, values: Values): Result<string, string> {
  let text = '';
  for (const part of template) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = values[part.name] ?? (part.isOptional ? '' : undefined);
    if (value === undefined) return err(`there is no {${part.name}}`);
    text += value.padStart(part.digits, '0');
  }
  return ok(text);
}

/** Reads and writes a template. */
export function fill(text: string, values: Values): Result<string, string> {
  return expand(parseTemplate(text), values);
}
