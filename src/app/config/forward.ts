import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '../../core/address.ts';
import { LEVELS } from '../../core/record.ts';
import { didYouMean } from '../../core/suggest.ts';
import {
  FORWARD_KINDS,
  type ForwardKind,
  type OneForward,
  parseSyslogAddress,
} from '../../forward/config.ts';
import { jobService } from '../../jobs/job.ts';
import type { PlannedForward } from '../plan.ts';
import { type Notes, report } from './notes.ts';
import type { Config } from './schema.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** The service that `hub: { listen }` makes. */
const HUB = 'hub';

/** Where records are forwarded to; what is wrong with it is told. */
export function resolveForward(notes: Notes, config: Config): readonly PlannedForward[] | undefined {
  if (config.forward === undefined) return undefined;
  const known = [
    ...Object.keys(config.services ?? {}),
    ...Object.keys(config.jobs ?? {}).map(jobService),
    ...(config.hub?.listen === undefined ? [] : [HUB]),
  ];
  return Object.entries(config.forward).flatMap(([name, written]) => {
    checkName(notes, name);
    checkServices(notes, name, written, known);
    return planned(notes, name, written) ?? [];
  });
}

function checkName(notes: Notes, name: string): void {
  if (NAME.test(name)) return;
  const form = 'use letters, digits, dots, dashes and underscores, up to 63';
  report(notes, 'error', ['forward', name], 'key', `cannot forward to ${JSON.stringify(name)}: ${form}`);
}

function checkServices(notes: Notes, name: string, { services }: OneForward, known: readonly string[]): void {
  for (const [index, service] of (services ?? []).entries()) {
    if (known.includes(service)) continue;
    const message = `cannot find a service "${service}"${didYouMean(service, known)}`;
    report(notes, 'error', ['forward', name, 'services', index], 'value', message);
  }
}

function planned(notes: Notes, name: string, written: OneForward): PlannedForward | undefined {
  const at = ['forward', name];
  const fail = (key: string | undefined, message: string): void =>
    report(notes, 'error', key === undefined ? at : [...at, key], 'key', message);
  const kinds = kindsAt(notes, name);
  const [kind] = kinds;
  // One that is written with a mistake was told of already.
  if (kinds.length === 1 && kind !== undefined && written[kind] === undefined) return undefined;
  if (kind === undefined || kinds.length > 1) {
    const found = kind === undefined ? 'it has none of them' : `it has ${kinds.join(' and ')}`;
    fail(
      undefined,
      `cannot tell what "${name}" is: write exactly one of ${FORWARD_KINDS.join(', ')}; ${found}`,
    );
    return undefined;
  }
  const { token, user, tenant, ca, labels = {}, level, services } = written;
  const url = written[kind] ?? '';
  if (kind === 'syslog' && token !== undefined) fail('token', 'cannot send a token by syslog: it knows none');
  if (user !== undefined && token === undefined)
    fail('user', 'cannot send a user without `token`, the password');
  if (tenant !== undefined && kind !== 'loki')
    fail('tenant', `cannot send a tenant by ${kind}: only Loki knows them`);
  if (ca !== undefined && !isSecure(url)) fail('ca', `cannot check certificates of ${url}: it has none`);
  if (ca !== undefined && !existsSync(resolve(notes.folder, ca)))
    report(notes, 'error', [...at, 'ca'], 'value', `cannot read ${ca}: no such file`);
  if (token !== undefined && kind !== 'syslog') warnOfPlain(notes, [...at, kind], url);
  return {
    name,
    kind,
    url,
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(ca === undefined ? {} : { ca: resolve(notes.folder, ca) }),
    labels,
    level: LEVELS[level ?? 'trace'],
    ...(services === undefined ? {} : { services }),
  };
}

/** What it is, also where what is written of it has mistakes. */
function kindsAt(notes: Notes, name: string): readonly ForwardKind[] {
  const { forward } = notes.source.value as { readonly forward?: Readonly<Record<string, unknown>> };
  const written = forward?.[name];
  if (typeof written !== 'object' || written === null) return [];
  return FORWARD_KINDS.filter((kind) => Object.hasOwn(written, kind));
}

function isSecure(url: string): boolean {
  return url.startsWith('https:') || parseSyslogAddress(url)?.tls === true;
}

function warnOfPlain(notes: Notes, at: readonly string[], url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''))) return;
  report(
    notes,
    'warning',
    at,
    'value',
    `the token goes to ${hostname} unencrypted: whoever hears it can use it`,
  );
}
