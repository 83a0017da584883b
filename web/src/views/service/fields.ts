export interface Field {
  /** `http.status` */
  readonly path: string;
  readonly text: string;
}

const DEPTH = 4;
const MOST = 100;

/** Fields of a record, one a line, nested ones by their path. */
export function fieldsOf(fields: Readonly<Record<string, unknown>> | undefined): readonly Field[] {
  const all: Field[] = [];
  const walk = (value: unknown, path: string, depth: number): void => {
    if (all.length >= MOST) return;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && depth < DEPTH && Object.keys(value).length > 0)
      for (const [key, each] of Object.entries(value))
        walk(each, path === '' ? key : `${path}.${key}`, depth + 1);
    else all.push({ path, text: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') });
  };
  if (fields !== undefined) walk(fields, '', 0);
  return all.filter(({ path }) => path !== '');
}
