import { hostname } from 'node:os';
import { addressText, isEverywhere, isLoopback, ownAddress, parseAddress } from '../../core/address.ts';
import type { BeatsConfig } from '../../watch/beats/config.ts';
import type { PlannedBeats } from '../plan.ts';
import { type Notes, report } from './notes.ts';

/** Where to listen for beats, and how they are sent there by others and by the services of this machine. */
export function resolveBeats(notes: Notes, written: BeatsConfig | undefined): PlannedBeats | undefined {
  const address = written === undefined ? undefined : parseAddress(written.listen);
  if (written === undefined || address === undefined) return undefined;
  const { host, port } = address;
  const at = (name: string): string => `http://${addressText({ host: name, port })}`;
  if (!isLoopback(host) && written.url === undefined)
    report(
      notes,
      'warning',
      ['beats', 'listen'],
      'value',
      `beats that come to ${written.listen} are not encrypted: whoever hears one can send it, too; put a proxy with TLS in front and name it by "url"`,
    );
  return {
    host,
    port,
    url: written.url?.replace(/\/+$/, '') ?? at(isEverywhere(host) ? hostname() : host),
    own: at(ownAddress(address).host),
  };
}
