import { existsSync } from 'node:fs';
import type { CollectConfig } from '../collect/config.ts';
import type { BrokerAccess } from '../collect/sources/broker-access.ts';
import { type BrokerAddress, KAFKA, NATS, parseBrokerAddress } from '../collect/sources/broker-address.ts';
import { createKafkaSource, readMechanism } from '../collect/sources/kafka.ts';
import { createNatsSource } from '../collect/sources/nats.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { StreamSource } from '../core/source.ts';
import { resolveEnvironment } from './environment.ts';

export type BrokerKind = 'nats' | 'kafka';

const KINDS: readonly (readonly [RegExp, BrokerKind])[] = [
  [/^\s*(nats|tls):/i, 'nats'],
  [/^\s*kafka(\+tls)?:/i, 'kafka'],
];

/** Which kind of broker an address means, if any. */
export function brokerKind(from: CollectConfig['from']): BrokerKind | undefined {
  if (typeof from !== 'string') return undefined;
  return KINDS.find(([scheme]) => scheme.test(from))?.[1];
}

/** The address of a broker that a `collect:` means. */
function brokerAddress(from: CollectConfig['from']): Result<BrokerAddress, string> {
  const kind = brokerKind(from);
  if (kind === undefined || typeof from !== 'string') return err('cannot collect: that is no broker');
  const address = parseBrokerAddress(from, kind === 'nats' ? NATS : KAFKA);
  if (!address.ok || kind === 'nats') return address;
  const mechanism = readMechanism(address.value);
  return mechanism.ok ? address : mechanism;
}

/** What keeps a stream of a broker from being collected; paths must be absolute. */
export function brokerProblems(collect: CollectConfig): string[] {
  const { from, cursor, user, password, creds, ca, cert, key } = collect;
  const kind = brokerKind(from);
  if (kind === undefined) {
    const written = Object.entries({ user, password, creds, ca, cert, key });
    const odd = written.filter(([, value]) => value !== undefined).map(([name]) => name);
    return odd.length === 0 ? [] : [`cannot use ${odd.join(', ')}: only nats and kafka take them`];
  }
  const problems: string[] = [];
  const address = brokerAddress(from);
  if (!address.ok) problems.push(address.error);
  if (kind === 'kafka' && typeof cursor === 'number')
    problems.push('cannot begin at a number: a topic has numbers for each partition; leave `cursor` out');
  if (kind === 'kafka' && creds !== undefined) problems.push('cannot use creds: they are of NATS');
  if (kind === 'kafka' && (user === undefined) !== (password === undefined))
    problems.push('cannot log in: write both `user` and `password`');
  if ((cert === undefined) !== (key === undefined))
    problems.push('cannot use a certificate without its key: write both `cert` and `key`');
  for (const file of [creds, ca, cert, key])
    if (file !== undefined && !existsSync(file)) problems.push(`cannot read ${file}: no such file`);
  return problems;
}

/** What a source of a broker needs beside its config. */
export interface BrokerDeps {
  readonly random: () => number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The source that a `collect:` from a broker means. */
export function brokerSource(collect: CollectConfig, { random, cwd, env }: BrokerDeps): StreamSource {
  const { from, time, line, user, password, creds, ca, cert, key } = collect;
  const address = brokerAddress(from);
  if (!address.ok) throw new Error(address.error);
  const access: BrokerAccess = {
    user,
    ca,
    cert,
    key,
    ...(password === undefined ? {} : { password: () => lookUp(password, cwd, env) }),
  };
  const options = {
    address: address.value,
    random,
    mostBytes: line,
    ...(time === undefined ? {} : { timePath: time.split('.') }),
  };
  return brokerKind(from) === 'nats'
    ? createNatsSource({ ...options, access: { ...access, creds } })
    : createKafkaSource({ ...options, access });
}

/** What a reference to a secret stands for now. */
function lookUp(password: string, cwd: string, env: BrokerDeps['env']): Result<string, string> {
  const found = resolveEnvironment({ password }, cwd, env);
  return found.ok ? ok(found.value['password'] ?? '') : found;
}
