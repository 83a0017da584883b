import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Diagnostic, sortDiagnostics } from './diagnostics.ts';
import { asError } from './result.ts';

export interface Place {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
  /** Where it is in another file than the document was read from. */
  readonly file?: string;
}

export type YamlPath = readonly (string | number)[];

export interface YamlSource {
  /** Plain data; undefined where a syntax error or an alias leaves none. With any error among the diagnostics it is not to be used, only checked further. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the key or the value at a path stands; of a path that isn't there, its nearest parent's. */
  readonly locate: (path: YamlPath, what: 'key' | 'value') => Place;
}

/** Bounds against files that cost much more than their size; far beyond any config. */
const MOST_ALIASES = 100;
const MOST_DIAGNOSTICS = 100;
const DEEPEST = 100;

/** A complaint at an offset in the text. */
type Complain = (
  offset: number,
  message: string,
  more?: Partial<Pick<Diagnostic, 'severity' | 'hint'>>,
) => void;

const offsetOf = (node: Node | null | undefined): number | undefined => node?.range?.[0];

function complainOfKey(node: Node | null, offset: number, complain: Complain): void {
  if (!isScalar(node)) {
    complain(offset, 'cannot use an alias, a list or a map as a key: a key is a string');
    return;
  }
  const text = node.source ?? String(node.value);
  const hint = `write ${JSON.stringify(text)}`;
  complain(offset, `cannot use ${text || 'nothing'} as a key: a key is a string`, { hint });
}

/** Walks a document in the order of its text and complains about what YAML allows and a config does not. Answers what each alias stands for. */
function examine(root: Node | null, complain: Complain): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const open = new Set<Node>();

  const visitAlias = (node: Alias): void => {
    const target = anchors.get(node.source);
    const offset = offsetOf(node) ?? 0;
    if (target === undefined)
      complain(offset, `cannot find the anchor &${node.source} before *${node.source}`);
    else if (open.has(target))
      complain(offset, `cannot use *${node.source} inside the value that it stands for`);
    else targets.set(node, target);
  };

  const visitKey = (key: unknown, places: Map<string, number>, fallback: number): void => {
    const node = key as Node | null;
    const offset = offsetOf(node) ?? fallback;
    // A whole number means itself as text: exit codes are keys.
    if (isScalar(node) && typeof node.value === 'number' && /^(?:0|[1-9]\d*)$/.test(node.source ?? ''))
      node.value = node.source;
    if (!isScalar(node) || typeof node.value !== 'string') {
      complainOfKey(node, offset, complain);
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    const first = places.get(node.value);
    if (first === undefined) places.set(node.value, offset);
    else complain(offset, `cannot set ${JSON.stringify(node.value)} twice in one map`);
    if (node.value === '<<' && node.type === 'PLAIN')
      complain(offset, 'cannot merge maps with <<: it is no part of YAML 1.2', {
        hint: 'write the keys out',
      });
  };

  const visitMap = (map: YAMLMap, depth: number): void => {
    const places = new Map<string, number>();
    for (const pair of map.items) {
      visitKey(pair.key, places, offsetOf(map) ?? 0);
      visit(pair.value as Node | null, depth + 1);
    }
  };

  const visit = (node: Node | null, depth: number): void => {
    if (node === null || node === undefined) return;
    if (isAlias(node)) {
      visitAlias(node);
      return;
    }
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node);
    if (!isMap(node) && !isSeq(node)) return;
    if (depth >= DEEPEST) {
      complain(offsetOf(node) ?? 0, `cannot read YAML nested over ${DEEPEST} deep`);
      return;
    }
    open.add(node);
    if (isMap(node)) visitMap(node, depth);
    else for (const item of node.items) visit(item as Node | null, depth + 1);
    open.delete(node);
  };

  visit(root, 0);
  return targets;
}

/** The offset of the key or value at a path; both of an item of a list are the item's. */
function findOffset(
  root: Node | null,
  targets: ReadonlyMap<Alias, Node>,
  path: YamlPath,
  what: 'key' | 'value',
): number {
  let node = root;
  let key = offsetOf(root) ?? 0;
  let value = key;
  for (const step of path) {
    const inside: Node | null | undefined = isAlias(node) ? targets.get(node) : node;
    if (isMap(inside)) {
      const pair = inside.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) break;
      key = offsetOf(pair.key as Node) ?? value;
      node = pair.value as Node | null;
      value = offsetOf(node) ?? key;
    } else if (isSeq(inside) && typeof step === 'number' && inside.items[step] !== undefined) {
      node = inside.items[step] as Node;
      key = offsetOf(node) ?? value;
      value = key;
    } else {
      break;
    }
  }
  return what === 'key' ? key : value;
}

function reportSyntax(doc: Document.Parsed, complain: Complain): void {
  for (const { code, pos, message } of [...doc.errors, ...doc.warnings]) {
    if (code === 'MULTIPLE_DOCS') {
      complain(pos[0], 'cannot read more than one YAML document in a file', {
        hint: 'remove this --- and what does not belong',
      });
    } else if (code === 'TAG_RESOLVE_FAILED') {
      complain(pos[0], `cannot read a YAML tag here: ${message}`, { hint: 'remove the tag' });
    } else if (code === 'BAD_DIRECTIVE') {
      complain(pos[0], `cannot follow this YAML directive: ${message}`, { severity: 'warning' });
    } else {
      complain(pos[0], `cannot read this as YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`);
    }
  }
  const { explicit, version } = doc.directives?.yaml ?? {};
  if (explicit === true && version !== '1.2')
    complain(0, `cannot read YAML ${version}: this is read as YAML 1.2`);
}

function parse(text: string, lines: LineCounter): Document.Parsed | Error {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      schema: 'core',
      strict: true,
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false, // examine() finds doubles in linear time
      logLevel: 'error', // not silent: then the library keeps quiet about further documents
    });
  } catch (thrown) {
    return asError(thrown); // the library's own limits, such as a stack overflow
  }
}

/**
 * Reads one document of strict YAML 1.2 (core schema: `yes`, `on` and `00:10` are strings). Never throws: every syntax error,
 * double key, key that is no string, tag, merge key, further document and boundless alias is a diagnostic with its place.
 * An empty text is null.
 * @param file as it is to be named in the diagnostics.
 */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  const complain: Complain = (offset, message, { severity = 'error', hint } = {}) => {
    const id = `${offset} ${message}`;
    if (seen.has(id) || seen.size >= MOST_DIAGNOSTICS) return;
    seen.add(id);
    diagnostics.push({ severity, message, file, ...placeAt(offset), ...(hint !== undefined && { hint }) });
  };

  const doc = parse(text, lines);
  if (doc instanceof Error) {
    complain(0, `cannot read this as YAML: ${doc.message}`);
    return { value: undefined, diagnostics, locate: () => ({ line: 1, column: 1 }) };
  }
  reportSyntax(doc, complain);
  const targets = examine(doc.contents, complain);
  let value: unknown;
  if (doc.errors.length === 0) {
    try {
      value = doc.toJS({ maxAliasCount: MOST_ALIASES });
    } catch {
      const [alias] = targets.keys();
      if (diagnostics.length === 0)
        complain(
          offsetOf(alias) ?? 0,
          `cannot follow aliases that stand for more than ${MOST_ALIASES} values`,
        );
    }
  }
  return {
    value,
    diagnostics: sortDiagnostics(diagnostics),
    locate: (path, what) => placeAt(findOffset(doc.contents, targets, path, what)),
  };
}
