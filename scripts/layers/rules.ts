import { join, normalize } from 'node:path/posix';
import { blankText } from './blank.ts';

export interface SourceFile {
  /** From the root of the repository: `src/core/clock.ts`. */
  readonly path: string;
  readonly text: string;
}

const FEATURES =
  'run watch notify jobs collect reduce pipeline hub agent client forward deploy simulate'.split(' ');

/** The layers, from the one that knows nobody to the one that knows all. */
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['core', 0],
  ['wire', 1],
  ...FEATURES.map((name) => [name, 2] as const),
  ['app', 3],
  ['cli', 4],
]);

const MOST_LINES = 300;
const CLOCK = 'src/core/clock.ts';
const PROCESSES = 'src/core/processes.ts';
const TIME_CALLS: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, 'Date.now'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\w\s(]))/g, 'new Date()'],
  [/(?<![\w.'"])(?:globalThis\s*\.\s*)?(?:setTimeout|setInterval)\b(?!\s*:)/g, 'setTimeout or setInterval'],
];

interface Import {
  readonly specifier: string;
  readonly line: number;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Every `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`, type imports too. */
function findImports(text: string, code: string): Import[] {
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*(['"`])\s*\1/g)].map((match) => {
    const start = match.index + match[0].indexOf(match[1] ?? '') + 1;
    const end = match.index + match[0].length - 1;
    return { specifier: text.slice(start, end), line: lineAt(text, start) };
  });
}

/** The folder under `src/` that a path is in; undefined outside, empty for a file that is in no folder. */
function layerOf(path: string): string | undefined {
  const [root, folder, ...rest] = path.split('/');
  if (root !== 'src') return undefined;
  return rest.length === 0 ? '' : folder;
}

function judgeRelative(path: string, target: string): string | undefined {
  const from = layerOf(path) ?? '';
  const to = layerOf(target);
  if (to === undefined) {
    const isTest = path.endsWith('.test.ts');
    if (target.startsWith('test/')) return isTest ? undefined : 'src never imports test/';
    return target === 'package.json' ? undefined : `${target} is outside src/`;
  }
  if (from === to) return undefined;
  const [fromLevel, toLevel] = [LEVELS.get(from), LEVELS.get(to)];
  if (toLevel === undefined) return `${target} is in none of the layers`;
  if (fromLevel === undefined || toLevel < fromLevel) return undefined;
  return toLevel === fromLevel ? 'features never import each other' : `${from} is below ${to}`;
}

function judgeImports({ path, text }: SourceFile, code: string): string[] {
  const isTest = path.endsWith('.test.ts');
  return findImports(text, code).flatMap(({ specifier, line }) => {
    const at = `${path}:${line}: imports ${specifier}`;
    if (specifier.startsWith('.')) {
      const reason = judgeRelative(path, normalize(join(path, '..', specifier)));
      return reason === undefined ? [] : [`${at}: ${reason}`];
    }
    const bare = specifier.replace(/^node:/, '');
    if (bare === 'child_process' && path !== PROCESSES && !isTest)
      return [`${at}: only ${PROCESSES} starts processes`];
    if (/^timers(?:\/promises)?$/.test(bare) && path !== CLOCK && !isTest)
      return [`${at}: only ${CLOCK} keeps time`];
    return [];
  });
}

function judgeTime({ path }: SourceFile, code: string): string[] {
  if (path === CLOCK || path.endsWith('.test.ts')) return [];
  return TIME_CALLS.flatMap(([pattern, name]) =>
    [...code.matchAll(pattern)].map(
      ({ index }) => `${path}:${lineAt(code, index)}: uses ${name}: only ${CLOCK} keeps time`,
    ),
  );
}

function judge(file: SourceFile): string[] {
  const code = blankText(file.text);
  const lines = file.text.replace(/\n$/, '').split('\n').length;
  const layer = layerOf(file.path);
  return [
    ...(layer !== undefined && LEVELS.has(layer) ? [] : [`${file.path}: is in none of the layers`]),
    ...judgeImports(file, code),
    ...judgeTime(file, code),
    ...(lines > MOST_LINES ? [`${file.path}: has ${lines} lines, the most is ${MOST_LINES}`] : []),
  ];
}

/**
 * What the files under `src/` do that the design forbids, one line each, with file and line.
 * Unit tests (`*.test.ts`) keep to the layers, but may import `test/`, keep time and start processes.
 */
export function findViolations(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(judge);
}
