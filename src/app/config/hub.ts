import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { addressText, isLoopback, ownAddress, parseAddress } from '../../core/address.ts';
import { isReference } from '../../core/references.ts';
import type { Keep, KeepRule } from '../../hub/blocks/groups.ts';
import { AGENT_NAME, type HubConfig } from '../../hub/config.ts';
import type { Plan, PlannedHub, PlannedService, PlannedShipping } from '../plan.ts';
import { statePaths } from '../state.ts';
import { type Notes, report } from './notes.ts';
import { resolveReady } from './ready.ts';
import { BUILT_IN, type Config } from './schema.ts';
import { resolveStatusPage } from './status-page.ts';

/** The service that is the hub of this machine. */
const HUB_SERVICE = 'hub';

export interface ResolvedHub {
  readonly hub?: PlannedHub;
  readonly shipping?: PlannedShipping;
  /** What runs the hub. */
  readonly service?: PlannedService;
}

/** The hub of this machine, or the one elsewhere that its records are sent to. */
export function resolveHub(notes: Notes, config: Config, plan: Pick<Plan, 'state' | 'keep'>): ResolvedHub {
  const written = config.hub;
  if (written === undefined) return {};
  checkTogether(notes, written);
  const agent = written.agent ?? ownName();
  const address = written.listen === undefined ? undefined : parseAddress(written.listen);
  if (address === undefined) {
    const shipping = resolveSending(notes, written);
    return shipping === undefined ? {} : { shipping };
  }
  const isTaken = config.services !== undefined && Object.hasOwn(config.services, HUB_SERVICE);
  if (isTaken)
    report(
      notes,
      'error',
      ['services', HUB_SERVICE],
      'key',
      `cannot name a service "${HUB_SERVICE}": the hub of this machine is called so`,
    );
  if (!isLoopback(address.host) && written.tls === undefined)
    report(
      notes,
      'warning',
      ['hub', 'listen'],
      'value',
      `what comes to ${written.listen} is not encrypted: whoever hears a token can use it, too; write "tls", or put a proxy with TLS in front`,
    );
  const folder = statePaths(plan.state).hub;
  const own = [HUB_SERVICE, ...Object.keys(config.services ?? {})];
  const statusPage = resolveStatusPage(notes, written, agent, own);
  const hub = {
    ...address,
    folder,
    agent,
    ...ofListener(notes, written),
    ...(statusPage === undefined ? {} : { statusPage }),
    keep: resolveKeep(written, plan.keep),
    cleanUpMs: written['clean-up'] ?? BUILT_IN.hubCleanUpMs,
    limits: {
      recordsPerSecond: written.limits?.records ?? BUILT_IN.hubRecords,
      bytesPerSecond: written.limits?.bytes ?? BUILT_IN.hubRecordBytes,
    },
  };
  const scheme = hub.tls === undefined ? 'ws' : 'wss';
  return {
    hub,
    shipping: {
      url: `${scheme}://${addressText(ownAddress(address))}/ws`,
      token: `file:${join(folder, 'agent-token')}`,
      // Its certificate is for the name that others know it by.
      ...(hub.tls === undefined ? {} : { pinned: hub.tls.cert }),
      act: written.act ?? true,
    },
    ...(isTaken ? {} : { service: serviceOf(notes, hub) }),
  };
}

/** Keys that mean nothing beside each other, or without each other. */
function checkTogether(notes: Notes, written: HubConfig): void {
  const say = (key: string, message: string): void => report(notes, 'error', ['hub', key], 'key', message);
  if (written.listen !== undefined && written.url !== undefined)
    say('url', 'cannot send records elsewhere and run a hub here: write either "url" or "listen"');
  for (const key of [
    'tls',
    'origins',
    'proxies',
    'syslog',
    'limits',
    'clean-up',
    'old-tokens',
    'public-statistics',
    'status-page',
    'agent',
  ] as const)
    if (written.listen === undefined && written[key] !== undefined)
      say(key, `cannot use ${key} here: it is for a hub on this machine, which "listen" makes`);
  if (written.act !== undefined && written.listen === undefined && written.url === undefined)
    say('act', 'cannot use act here: there is no hub; write "listen" or "url"');
  for (const key of ['token', 'ca'] as const)
    if (written.url === undefined && written[key] !== undefined)
      say(key, `cannot use ${key} here: it is for a hub elsewhere, which "url" names`);
  if (written.url !== undefined && written.token === undefined)
    say('url', 'cannot send records without a token: write "token: $NAME" or "token: file:PATH"');
  if (written.token !== undefined && !isReference(written.token))
    report(
      notes,
      'error',
      ['hub', 'token'],
      'value',
      'cannot use a token that is written into the config: write $NAME or file:PATH',
    );
}

function resolveSending(
  notes: Notes,
  { url, token, ca, act = false }: HubConfig,
): PlannedShipping | undefined {
  if (url === undefined || token === undefined) return undefined;
  const address = new URL(url.replace(/^http/, 'ws'));
  if (!address.pathname.endsWith('/ws')) address.pathname = `${address.pathname.replace(/\/+$/, '')}/ws`;
  if (address.protocol === 'ws:' && !isLoopback(address.hostname.replace(/^\[|\]$/g, '')))
    report(
      notes,
      'warning',
      ['hub', 'url'],
      'value',
      'the token is sent without TLS: whoever hears it can use it, too; write wss:// or https://',
    );
  const path = token.replace(/^file:(.+)$/, (_, file: string) => `file:${resolve(notes.folder, file)}`);
  return {
    url: address.href,
    token: path,
    ...(ca === undefined ? {} : { ca: resolve(notes.folder, ca) }),
    act,
  };
}

function ofListener(
  notes: Notes,
  written: HubConfig,
): Pick<PlannedHub, 'tls' | 'origins' | 'proxies' | 'syslog' | 'oldTokens' | 'publicStatistics'> {
  const { tls, origins = [], proxies = [], syslog } = written;
  const address = syslog === undefined ? undefined : parseAddress(syslog.listen);
  const key = written['old-tokens'];
  for (const [index, origin] of origins.entries())
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      report(
        notes,
        'error',
        ['hub', 'origins', index],
        'value',
        `cannot use "${origin}" as an origin: write it as https://page.example, without a path`,
      );
  for (const [index, proxy] of proxies.entries())
    if (isIP(proxy) === 0)
      report(
        notes,
        'error',
        ['hub', 'proxies', index],
        'value',
        `cannot use "${proxy}" as a proxy: write its IP address`,
      );
  return {
    origins,
    proxies,
    publicStatistics: written['public-statistics'] ?? false,
    ...(tls === undefined
      ? {}
      : { tls: { cert: resolve(notes.folder, tls.cert), key: resolve(notes.folder, tls.key) } }),
    ...(syslog === undefined || address === undefined
      ? {}
      : {
          syslog: {
            ...address,
            agent: syslog.agent,
            ...(syslog.zone === undefined ? {} : { zone: syslog.zone }),
          },
        }),
    ...(key === undefined ? {} : { oldTokens: resolve(notes.folder, key) }),
  };
}

const MOST_SHOWN = 40;

/** What is worth least comes first: log lines of some services, all other log lines, then notifications, then the rest. */
function resolveKeep({ keep }: HubConfig, own: Plan['keep']): Keep {
  const services = Object.entries(keep?.services ?? {}).map(
    ([service, keepMs]): KeepRule => ({
      name: folderOf(service),
      keepMs,
      kinds: ['log'],
      services: [service],
    }),
  );
  return {
    rules: [
      ...services,
      { name: 'logs', keepMs: own.logsMs, kinds: ['log'] },
      { name: 'notifications', keepMs: keep?.notifications ?? own.historyMs, kinds: ['notification'] },
      { name: 'other', keepMs: own.historyMs },
    ],
    bytes: keep?.['hub-size'] ?? BUILT_IN.hubBytes,
    free: keep?.free ?? BUILT_IN.hubFree,
  };
}

/** A service of another machine may have any name. */
function folderOf(service: string): string {
  const shown = service.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, MOST_SHOWN);
  return `logs-${shown}-${createHash('sha256').update(service).digest('hex').slice(0, 8)}`;
}

/** The first label of the host's name, as far as it can be the name of an agent. */
function ownName(): string {
  const name =
    hostname()
      .split('.')[0]
      ?.replaceAll(/[^A-Za-z0-9._-]/g, '-') ?? '';
  return AGENT_NAME.test(name) ? name : 'local';
}

function serviceOf(notes: Notes, hub: PlannedHub): PlannedService {
  const ready = resolveReady(notes, HUB_SERVICE, undefined, true);
  return {
    name: HUB_SERVICE,
    kind: 'hub',
    hub,
    argv: [],
    cwd: notes.data,
    env: {},
    needs: [],
    ...(ready === undefined ? {} : { ready }),
    stopMs: BUILT_IN.stopMs,
    restart: {
      fast: BUILT_IN.fast,
      backoffMinMs: BUILT_IN.backoffMinMs,
      backoffMaxMs: BUILT_IN.backoffMaxMs,
      slowMs: BUILT_IN.slowMs,
      noRestartOn: [...BUILT_IN.collectNoRestartOn],
    },
    log: { budgetBytes: BUILT_IN.logBudgetBytes, mode: BUILT_IN.logMode },
  };
}
