/**
 * A value as it is on the machine that an image becomes: every path below the image's root loses that root.
 * @param root absolute, without a slash at its end; '' leaves all as it is.
 */
export function rebase<T>(value: T, root: string): T {
  if (root === '') return value;
  return walk(value, root) as T;
}

function walk(value: unknown, root: string): unknown {
  if (typeof value === 'string') return withoutRoot(value, root);
  if (Array.isArray(value)) return value.map((item) => walk(item, root));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, root)]));
}

/** Paths as they stand, and behind `file:` (a secret) and `path:` (a lock). */
function withoutRoot(text: string, root: string): string {
  const [, scheme = '', path = ''] = /^(file:|path:)?(\/.*)$/s.exec(text) ?? [];
  if (path === root) return `${scheme}/`;
  return path.startsWith(`${root}/`) ? scheme + path.slice(root.length) : text;
}
