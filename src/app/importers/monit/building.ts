import type { Keys, ServiceKeys } from '../draft.ts';
import type { Secrets } from '../environment.ts';
import type { Channels } from './channels.ts';
import type { Placing } from './placing.ts';
import type { Known } from './service-of-check.ts';
import type { Statement } from './statements.ts';

export interface ServicesContext {
  /** The control file that the others are included in. */
  readonly main: string;
  readonly folder: string;
  readonly zone: string;
  readonly memory: number;
  readonly mounts: string;
  readonly cycleMs: number;
  readonly secrets: Secrets;
  readonly channels: Channels;
  readonly placing: Placing;
  /** The names of services, by the checks that they are named after. */
  readonly names: ReadonlyMap<Known, string>;
}

/** A service that is being put together of checks. */
export interface Building {
  readonly name: string;
  readonly keys: ServiceKeys;
  readonly notes: string[];
  readonly watches: Map<string, Keys>;
  readonly env: Record<string, string>;
  readonly quiet: { readonly when: string; readonly why: string }[];
}

/** Tells of a statement that was not taken over, and why. */
export type Say = (statement: Statement, why: string) => void;
