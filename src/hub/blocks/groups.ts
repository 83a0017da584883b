import type { RecordKind } from '../../core/record.ts';
import type { Group } from './writer.ts';

/** Which records are kept alike, and how long: the first rule that a record fits is its own. Serialisable as JSON. */
export interface KeepRule extends Group {
  /** All where it is absent. */
  readonly kinds?: readonly RecordKind[];
  readonly services?: readonly string[];
}

/** What a hub keeps. Serialisable as JSON. */
export interface Keep {
  /** The last one fits every record. What is worth least, and goes first where there is too little room, comes first. */
  readonly rules: readonly [...KeepRule[], Group];
  /** All files together. */
  readonly bytes: number;
  /** So many bytes of the disk are left free. */
  readonly free: number;
}

export function groupOf(
  { rules }: Keep,
  { kind, service }: { readonly kind: RecordKind; readonly service: string },
): Group {
  const fits = ({ kinds, services }: KeepRule): boolean =>
    kinds?.includes(kind) !== false && services?.includes(service) !== false;
  return rules.find(fits) ?? (rules.at(-1) as Group);
}

/** How long a group is kept, milliseconds. One that no rule names any more is kept as long as the longest. */
export function keepMsOf({ rules }: Keep, group: string): number {
  return rules.find(({ name }) => name === group)?.keepMs ?? Math.max(...rules.map(({ keepMs }) => keepMs));
}

/** What is worth least has the lowest. */
export function worthOf({ rules }: Keep, group: string): number {
  return rules.findIndex(({ name }) => name === group);
}
