/** The JSON Schema keywords that say nothing about whether a value is valid. */
const ANNOTATIONS = new Set(['$schema', '$id', '$comment', 'title', 'description', 'default', 'examples']);

type Schema = Readonly<Record<string, unknown>>;
type Check = (schema: Schema, value: unknown, at: string) => string[];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
};

/** Each keyword that our schema uses; true where the value passes, or says nothing about a value of its kind. */
const KEYWORDS: Readonly<Record<string, (wanted: never, value: unknown) => boolean>> = {
  type: (wanted: string | string[], value) => [wanted].flat().some((name) => TYPES[name]?.(value) === true),
  enum: (wanted: readonly unknown[], value) => wanted.includes(value),
  pattern: (wanted: string, value) => typeof value !== 'string' || new RegExp(wanted, 'u').test(value),
  minLength: (wanted: number, value) => typeof value !== 'string' || value.length >= wanted,
  minimum: (wanted: number, value) => typeof value !== 'number' || value >= wanted,
  exclusiveMinimum: (wanted: number, value) => typeof value !== 'number' || value > wanted,
  maximum: (wanted: number, value) => typeof value !== 'number' || value <= wanted,
  minItems: (wanted: number, value) => !Array.isArray(value) || value.length >= wanted,
  maxItems: (wanted: number, value) => !Array.isArray(value) || value.length <= wanted,
  required: (wanted: readonly string[], value) =>
    !isObject(value) || wanted.every((name) => Object.hasOwn(value, name)),
  anyOf: (wanted: readonly Schema[], value) => wanted.some((each) => mistakesIn(each, value).length === 0),
  oneOf: (wanted: readonly Schema[], value) =>
    wanted.filter((each) => mistakesIn(each, value).length === 0).length === 1,
  propertyNames: (wanted: Schema, value) =>
    !isObject(value) || Object.keys(value).every((name) => mistakesIn(wanted, name).length === 0),
};

const INNER: Readonly<Record<string, Check>> = {
  items: (schema, value, at) =>
    Array.isArray(value)
      ? value.flatMap((item, i) => mistakesIn(schema['items'] as Schema, item, `${at}/${i}`))
      : [],
  properties: (schema, value, at) => {
    const known = schema['properties'] as Readonly<Record<string, Schema>>;
    return isObject(value)
      ? Object.entries(value).flatMap(([name, inner]) =>
          Object.hasOwn(known, name) ? mistakesIn(known[name] ?? {}, inner, `${at}/${name}`) : [],
        )
      : [];
  },
  additionalProperties: (schema, value, at) => {
    const rest = schema['additionalProperties'] as Schema | false;
    const others = isObject(value)
      ? Object.entries(value).filter(([name]) => !Object.hasOwn(schema['properties'] ?? {}, name))
      : [];
    return others.flatMap(([name, inner]) =>
      rest === false ? [`${at}/${name}: additionalProperties`] : mistakesIn(rest, inner, `${at}/${name}`),
    );
  },
};

/**
 * Where a value breaks a JSON Schema: `/services/a: oneOf`. Knows the keywords that the schema of the config uses, and
 * throws at any other, so that none goes unchecked.
 */
export function mistakesIn(schema: Schema, value: unknown, at = ''): string[] {
  return Object.keys(schema).flatMap((keyword) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const inner = INNER[keyword];
    if (inner !== undefined) return inner(schema, value, at);
    const passes = KEYWORDS[keyword];
    if (passes === undefined)
      throw new Error(`cannot check the JSON Schema keyword "${keyword}" at ${at || '/'}`);
    return passes(schema[keyword] as never, value) ? [] : [`${at}: ${keyword}`];
  });
}
