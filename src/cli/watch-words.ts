import type { ServiceStatus } from '../app/control-api.ts';
import { printable } from './output.ts';

/** The watches of a running service that are not well, in a line; undefined where all are. */
export function watchText({ state, watches }: ServiceStatus): string | undefined {
  if (state !== 'running') return undefined;
  const unwell = watches.filter((watch) => watch.state !== 'ok' && watch.state !== 'new');
  if (unwell.length === 0) return undefined;
  return printable(
    unwell
      .map(
        (watch) => `${watch.name} is ${watch.state}: ${watch.reason ?? 'not looked at since its last start'}`,
      )
      .join('; '),
  );
}
