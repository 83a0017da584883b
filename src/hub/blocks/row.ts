import type { RecordKind } from '../../core/record.ts';

/** A record as the hub keeps it. */
export interface HubRow {
  /** Where it stands in the hub's own order, which is that of receipt: integer, above 0, never twice. */
  readonly position: number;
  readonly agent: string;
  /** `agent/seq` is its id. */
  readonly seq: number;
  /** When it happened: integer microseconds, UTC. */
  readonly time: number;
  /** When the hub took it: integer microseconds, UTC. */
  readonly received: number;
  readonly host: string;
  readonly service: string;
  readonly life: string;
  readonly kind: RecordKind;
  /** 1 to 24, see LEVELS. */
  readonly level: number;
  readonly sender: string;
  readonly message: string;
  /** As JSON; empty where it has none. */
  readonly fields: string;
}

/** The columns whose values come again and again: of each block a list of them is kept, and numbers into it. */
export const WORD_COLUMNS = ['agent', 'host', 'service', 'life', 'kind', 'sender'] as const;
export type WordColumn = (typeof WORD_COLUMNS)[number];

/** The columns that are whole numbers, each stored as what it differs from the row before. */
export const NUMBER_COLUMNS = ['position', 'seq', 'time', 'received', 'level'] as const;
export type NumberColumn = (typeof NUMBER_COLUMNS)[number];
