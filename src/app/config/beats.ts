import { hostname } from 'node:os';
import type { BeatsConfig } from '../../watch/beats/config.ts';
import { addressText } from '../../watch/beats/listener.ts';
import { parseAddress } from '../../watch/kinds/tcp.ts';
import type { PlannedBeats } from '../plan.ts';
import { type Notes, report } from './notes.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const EVERYWHERE = ['0.0.0.0', '::'];

/** Where to listen for beats, and how they are sent there by others and by the services of this machine. */
export function resolveBeats(notes: Notes, written: BeatsConfig | undefined): PlannedBeats | undefined {
  const address = written === undefined ? undefined : parseAddress(written.listen);
  if (written === undefined || address === undefined) return undefined;
  const { host, port } = address;
  const isEverywhere = EVERYWHERE.includes(host);
  const at = (name: string): string => `http://${addressText({ host: name, port })}`;
  if (!LOOPBACK.test(host) && written.url === undefined)
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
    url: written.url?.replace(/\/+$/, '') ?? at(isEverywhere ? hostname() : host),
    own: at(isEverywhere ? (host === '::' ? '::1' : '127.0.0.1') : host),
  };
}
