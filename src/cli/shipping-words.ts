import type { ShippingState } from '../app/shipping.ts';
import { ago } from './words.ts';

/** How it stands with the hub: `hub  wss://hub.example/ws, connected as alpha since 3m; 12 records behind, the oldest 4s ago`. */
export function shippingText(state: ShippingState, now: number): string {
  const { standing, hub, name, since, backlog, lastError, retryAt } = state;
  const as = name === undefined ? '' : ` as ${name}`;
  const stand = `${hub}, ${standing}${standing === 'connected' ? as : ''} since ${ago(now, since)}`;
  const { records, oldest } = backlog;
  const behind =
    records === 0
      ? ''
      : `; ${records} ${records === 1 ? 'record' : 'records'} behind${oldest === undefined ? '' : `, the oldest of ${ago(now, oldest)}`}`;
  const isAway = standing !== 'connected' && standing !== 'connecting';
  const why = isAway && lastError !== undefined ? `; ${lastError}` : '';
  const next =
    retryAt === undefined || retryAt <= now ? '' : `; tried again in ${Math.ceil((retryAt - now) / 1000)}s`;
  return `hub  ${stand}${behind}${why}${next}\n`;
}
