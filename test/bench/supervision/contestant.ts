import type { Command } from '../foreground.ts';

/** A program that the supervisor has to keep running, with its defaults. */
export interface ServiceToRun {
  readonly name: string;
  readonly argv: readonly string[];
}

/** A supervisor, ready to be started. */
export interface Contestant {
  readonly name: string;
  /** For the table. */
  readonly title: string;
  /** Starts it on these services. Their states do not matter yet. `folder` is empty, and its own. */
  start(folder: string, services: readonly ServiceToRun[]): Promise<Supervisor>;
}

/** A supervisor that runs. */
export interface Supervisor {
  readonly pid: number;
  /** Its command that lists the services. */
  readonly statusCommand: Command;
  /** What it says of one service, in its own words. */
  stateOf(name: string): Promise<string>;
  /** Ends it, and the services with it. */
  stop(): Promise<void>;
}
