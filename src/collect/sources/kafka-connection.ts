import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { errorName } from '../../wire/kafka/errors.ts';
import {
  API,
  askApiVersions,
  askSaslAuthenticate,
  askSaslHandshake,
  type KafkaRequest,
} from '../../wire/kafka/requests.ts';
import { createLogin, type Mechanism } from '../../wire/kafka/sasl.ts';
import { type BrokerAccess, readAccess } from './broker-access.ts';
import type { BrokerServer } from './broker-address.ts';
import { createLine, type Line } from './kafka-line.ts';

/** What we ask, in the versions that we write; brokers know them from 0.11 on. */
const NEEDED: readonly (readonly [key: number, version: number])[] = [
  [API.metadata, 2],
  [API.listOffsets, 2],
  [API.fetch, 5],
];

export interface KafkaAccess extends BrokerAccess {
  readonly tls: boolean;
  readonly mechanism: Mechanism;
}

/** One connection to a broker. Requests are answered in their order. Errors are what to tell; after one it is over. */
export interface KafkaConnection {
  ask<T>(request: KafkaRequest<T>): Promise<Result<T, string>>;
  /** The newest version of a request that the broker knows. */
  newest(key: number): number;
  close(): void;
}

/** Connects, learns what the broker can, and logs in. Closed when `stop` aborts. */
export async function connectBroker(
  server: BrokerServer,
  access: KafkaAccess,
  scope: Pick<Scope, 'clock' | 'stop'>,
): Promise<Result<KafkaConnection, string>> {
  const read = readAccess(access);
  if (!read.ok) return read;
  const { user, password, tls } = read.value;
  const { host, port } = server;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = access.tls ? connectTls({ host, port, ...servername, ...tls }) : connectTcp({ host, port });
  const line = createLine(socket, scope, `${host}:${port}`);
  const open = await line.open(access.tls ? 'secureConnect' : 'connect');
  if (!open.ok) return open;
  const able = await line.ask(askApiVersions());
  const checked = able.ok ? checkVersions(able.value.versions) : able;
  if (!able.ok || !checked.ok) return closed(line, checked.ok ? '' : checked.error);
  if (user !== undefined && password !== undefined) {
    const inside = await logIn(line, access.mechanism, user, password);
    if (!inside.ok) return closed(line, inside.error);
  }
  const { versions } = able.value;
  return ok({ ask: line.ask, newest: (key) => versions.get(key)?.[1] ?? 0, close: line.close });
}

function closed(line: Line, why: string): Result<never, string> {
  line.close();
  return err(why);
}

function checkVersions(
  versions: ReadonlyMap<number, readonly [oldest: number, newest: number]>,
): Result<void, string> {
  for (const [key, version] of NEEDED) {
    const [oldest, newest] = versions.get(key) ?? [0, -1];
    if (version < oldest || version > newest)
      return err(
        `the broker knows versions ${oldest} to ${newest} of request ${key}, and we need ${version}`,
      );
  }
  return ok(undefined);
}

async function logIn(
  line: Line,
  mechanism: Mechanism,
  user: string,
  password: string,
): Promise<Result<void, string>> {
  const shaken = await line.ask(askSaslHandshake(mechanism.toUpperCase()));
  if (!shaken.ok) return shaken;
  const { error, known } = shaken.value;
  if (error !== 0) return err(`the broker takes no ${mechanism}, but ${known.join(', ').toLowerCase()}`);
  const login = createLogin(mechanism, user, password);
  for (let bytes: Buffer | undefined = login.first; bytes !== undefined; ) {
    const said = await line.ask(askSaslAuthenticate(bytes));
    if (!said.ok) return said;
    if (said.value.error !== 0)
      return err(`cannot log in: ${said.value.message || errorName(said.value.error)}`);
    const next = login.next(said.value.bytes);
    if (!next.ok) return next;
    bytes = next.value;
  }
  return ok(undefined);
}
