/**
 * Remembers which files were seen that need nothing, so that a scan asks the ledger only about others. It keeps two numbers of 53 bits
 * for a name, not the name: 100,000 take some 5 MB. Two names that share a number only let the ledger be asked in vain.
 */
export interface KnownFiles {
  has(path: string, look: string): boolean;
  /** The same, whatever it looks like. */
  hasName(path: string): boolean;
  add(path: string, look: string): void;
  forget(path: string): void;
  /** A scan begins: what it does not `has` or `add` until `end` is forgotten. */
  begin(): void;
  /** Answers whether anything was forgotten. */
  end(): boolean;
  /** A scan could not see everything: nothing is forgotten. */
  abandon(): void;
  readonly size: number;
}

export function createKnownFiles(): KnownFiles {
  let known = new Map<number, number>();
  let seen: Map<number, number> | undefined;
  return {
    has(path, look) {
      const name = hash53(path);
      const kept = known.get(name);
      if (kept === undefined || kept !== hash53(look)) return false;
      seen?.set(name, kept);
      return true;
    },
    hasName(path) {
      const name = hash53(path);
      const kept = known.get(name);
      if (kept !== undefined) seen?.set(name, kept);
      return kept !== undefined;
    },
    add(path, look) {
      const name = hash53(path);
      const value = hash53(look);
      known.set(name, value);
      seen?.set(name, value);
    },
    forget(path) {
      const name = hash53(path);
      known.delete(name);
      seen?.delete(name);
    },
    begin() {
      seen = new Map();
    },
    end() {
      if (seen === undefined) return false;
      const isLess = seen.size < known.size;
      known = seen;
      seen = undefined;
      return isLess;
    },
    abandon() {
      seen = undefined;
    },
    get size() {
      return known.size;
    },
  };
}

/** cyrb53 (github.com/bryc/code, public domain): 53 bits of a text, fast and well spread; nothing to keep a secret with. */
function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
