import { compileNames, type Names } from '../../core/names.ts';
import type { InboxPlan } from '../plan.ts';

type GroupPlan = NonNullable<InboxPlan['group']>;

/** Files that are one input: they wait for each other. Moments are of the monotonic clock, milliseconds. */
export interface Groups {
  /** Adds a file, or says again that it is there; false where its name is not that of a member. */
  add(path: string, came: number): boolean;
  remove(path: string): void;
  /** Groups that wait no longer, and takes them out; of one that is not complete `missing` says how many it is short of. */
  take(now: number): readonly GroupTaken[];
  /** When the next one waits no longer; Infinity where none is timed. */
  next(): number;
}

export interface GroupTaken {
  readonly word: string;
  readonly paths: readonly string[];
  readonly missing: number;
}

interface Group {
  /** Which part each path is. */
  readonly members: Map<string, string>;
  /** When the first of them came. */
  first: number;
}

/** @param plan a plan without mistakes. */
export function createGroups(plan: GroupPlan): Groups {
  const names = namesOf(plan);
  const groups = new Map<string, Group>();
  const wordOf = new Map<string, string>();
  const missing = ({ members }: Group): number => plan.count - new Set(members.values()).size;
  return {
    add(path, came) {
      const captures = names.read(path);
      if (captures === undefined) return false;
      const { part = path } = captures;
      const word = wordFor(captures);
      wordOf.set(path, word);
      let group = groups.get(word);
      if (group === undefined) groups.set(word, (group = { members: new Map(), first: came }));
      group.members.set(path, part);
      group.first = Math.min(group.first, came);
      return true;
    },
    remove(path) {
      const word = wordOf.get(path);
      if (word === undefined) return;
      wordOf.delete(path);
      const members = groups.get(word)?.members;
      members?.delete(path);
      if (members?.size === 0) groups.delete(word);
    },
    take(now) {
      const taken: GroupTaken[] = [];
      for (const [word, group] of groups) {
        const short = Math.max(0, missing(group));
        if (short > 0 && now < group.first + plan.timeout) continue;
        const paths = [...group.members.keys()];
        taken.push({ word, paths, missing: short });
        groups.delete(word);
        for (const path of paths) wordOf.delete(path);
      }
      return taken;
    },
    next() {
      let next = Infinity;
      for (const { first } of groups.values()) next = Math.min(next, first + plan.timeout);
      return next;
    },
  };
}

function namesOf({ key }: GroupPlan): Names {
  const names = compileNames([key]);
  if (!names.ok) throw new Error(names.error);
  return names.value;
}

function wordFor(captures: Readonly<Record<string, string>>): string {
  return Object.entries(captures)
    .flatMap(([name, value]) => (name === 'part' ? [] : [value]))
    .join('/');
}

/** What members of the same group share; undefined where the name is not that of a member. */
export function groupWord(plan: GroupPlan, path: string): string | undefined {
  const captures = namesOf(plan).read(path);
  return captures === undefined ? undefined : wordFor(captures);
}
