import type { Sandbox } from './hardening.ts';

/** What all units of ours have. Paths are absolute. */
export interface UnitSpec {
  /** `vahti-clock.service` */
  readonly unit: string;
  /** The config that it comes from. */
  readonly config: string;
  readonly description: string;
  /** Of our own program, where it lasts: another one needs a restart. */
  readonly version?: string;
  readonly argv: readonly string[];
  /** A file that its user may not read: systemd reads it, and it becomes the last word of the command. */
  readonly credential?: { readonly name: string; readonly file: string };
  readonly user: string;
  readonly group?: string;
  readonly moreGroups?: readonly string[];
  readonly cwd: string;
  /** Read by systemd where it is there: what `$NAME` in the config is looked up in. */
  readonly environmentFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long a stop may take, milliseconds. */
  readonly stopMs: number;
  /** Whether it starts with the machine. */
  readonly boot: boolean;
  readonly sandbox: Sandbox;
}

export interface ServiceUnitSpec extends UnitSpec {
  /** Its name in the config, and in the journal. */
  readonly service: string;
  /** Whether it says by itself that it is ready and well, as our own kinds do. */
  readonly notifies: boolean;
  /** Whether it says so of a command by a descriptor: systemd is told when it is ready, and nothing else. */
  readonly tellsReady: boolean;
  /** The units that it is started behind. */
  readonly needs: readonly string[];
  /** Exit codes after which it is not started again. */
  readonly noRestartOn: readonly number[];
  /** What asks its main process to end, where that is not SIGTERM. */
  readonly stopSignal?: string;
  /** Above so many bytes the kernel kills it. */
  readonly memoryMax?: number;
  /** Processors that it may keep busy. */
  readonly cpu?: number;
  readonly openFiles?: number;
}

export interface JobUnitSpec extends UnitSpec {
  readonly job: string;
  /** After so long systemd ends it, milliseconds. */
  readonly mostMs: number;
  readonly nice?: number;
}

export interface DaemonUnitSpec extends UnitSpec {
  /** Exit codes of a config that cannot be used. */
  readonly noRestartOn: readonly number[];
}
