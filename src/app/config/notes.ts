import type { Diagnostic } from '../../core/diagnostics.ts';
import type { YamlSource } from '../../core/yaml-source.ts';
import type { Origin } from '../plan.ts';

/** Collects what resolving finds out beside the plan itself. */
export interface Notes {
  readonly source: Pick<YamlSource, 'locate' | 'value'>;
  readonly file: string;
  /** The folder of the config: secrets and keys are relative to it. */
  readonly folder: string;
  /** What paths of data are relative to: see layout.ts. */
  readonly data: string;
  /** Whether services can run as any user, and have any limits: root can do that, and systemd. */
  readonly anyUser: boolean;
  readonly origins: Map<string, Origin>;
  readonly diagnostics: Diagnostic[];
}

/** Where a service's own value, its fallback in `defaults`, or what is built in is looked up, by its keys in the config. */
export type Lookup = <T>(
  key: string,
  keys: readonly string[],
  written: T | undefined,
  fallback: T | undefined,
  builtIn: T,
) => T;

export function report(
  notes: Notes,
  severity: Diagnostic['severity'],
  path: readonly (string | number)[],
  what: 'key' | 'value',
  message: string,
): void {
  notes.diagnostics.push({ severity, message, file: notes.file, ...notes.source.locate(path, what) });
}
