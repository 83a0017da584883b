import { join, normalize } from 'node:path/posix';
import { blankText } from './blank.ts';
import type { SourceFile } from './rules.ts';

/** What each file imports, types too; not what it loads by `import()` when it needs it. */
function importsOf({ path, text }: SourceFile): string[] {
  return [...blankText(text).matchAll(/\bfrom\s*(['"])\s*\1/g)].flatMap((match) => {
    const start = match.index + match[0].indexOf(match[1] ?? '') + 1;
    const specifier = text.slice(start, match.index + match[0].length - 1);
    return specifier.startsWith('.') ? [normalize(join(path, '..', specifier))] : [];
  });
}

/** Files that import each other in a circle, each circle once as `a.ts → b.ts → a.ts`: none of them can be understood, moved or tested alone. */
export function findCircles(files: readonly SourceFile[]): readonly string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const over = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const seen = way.indexOf(path);
    if (seen >= 0) circles.push([...way.slice(seen), path].join(' → '));
    if (seen >= 0 || over.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    over.add(path);
  };
  for (const { path } of files) visit(path, []);
  return circles;
}
