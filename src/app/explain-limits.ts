import { approximateSize } from '../core/sizes.ts';
import { clockTime } from './clock-time.ts';
import type { ServiceStatus } from './control-api.ts';
import type { Supervised } from './supervision.ts';

/** What an explanation says of a service's limits, and of whether it starts with the daemon. */
export function limitSentences(service: ServiceStatus, { planned }: Supervised): string[] {
  return [...memorySentence(service, planned.memory), ...bootSentence(service)];
}

function memorySentence({ memory, state }: ServiceStatus, limits: Supervised['planned']['memory']): string[] {
  if (limits === undefined || state !== 'running') return [];
  const { softBytes, hardBytes } = limits;
  const soft = softBytes === undefined ? '' : `above ${approximateSize(softBytes)} it is restarted, `;
  const rule = `${soft}above ${approximateSize(hardBytes)} killed`;
  if (memory === null) return [`Its memory was not looked at yet; ${rule}.`];
  const { bytes, peakBytes } = memory;
  return [
    `Its processes take ${approximateSize(bytes)} of memory, ${approximateSize(peakBytes)} at most in this life; ${rule}.`,
  ];
}

function bootSentence({ boot }: ServiceStatus): string[] {
  if (boot.starts) return [];
  if (boot.by === 'config') return ['It does not start with the daemon: `boot: false` in the config.'];
  const when = boot.at === null ? '' : ` at ${clockTime(boot.at)}`;
  const why = boot.why === null ? '' : `: ${boot.why}`;
  return [`It does not start with the daemon: a person disabled it${when}${why}.`];
}
