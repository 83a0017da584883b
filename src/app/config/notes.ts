import type { Diagnostic } from '../../core/diagnostics.ts';
import type { YamlSource } from '../../core/yaml-source.ts';
import type { Origin } from '../plan.ts';

/** Collects what resolving finds out beside the plan itself. */
export interface Notes {
  readonly source: Pick<YamlSource, 'locate' | 'value'>;
  readonly file: string;
  readonly folder: string;
  readonly origins: Map<string, Origin>;
  readonly diagnostics: Diagnostic[];
}

export function report(
  notes: Notes,
  severity: Diagnostic['severity'],
  path: readonly (string | number)[],
  what: 'key' | 'value',
  message: string,
): void {
  notes.diagnostics.push({ severity, message, file: notes.file, ...notes.source.locate(path, what) });
}
