import { readFileSync } from 'node:fs';
import type { NatsConnection } from '@nats-io/transport-node';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { type BrokerAccess, readAccess } from './broker-access.ts';
import type { BrokerAddress } from './broker-address.ts';
import { onceAborted } from './once-aborted.ts';

const CONNECT_MS = 10_000;
/** How often the server is asked whether it is there; twice without an answer ends the connection. */
const PING_MS = 15_000;

export interface NatsAccess extends BrokerAccess {
  /** A credentials file of NATS: a user's JWT and the seed of its key. Absolute path. */
  readonly creds?: string | undefined;
}

/** Connects to the first server that takes us. It never reconnects by itself. Gives up at once when `drain` aborts. */
export async function connectNats(
  address: BrokerAddress,
  access: NatsAccess,
  drain: AbortSignal,
): Promise<Result<NatsConnection, string>> {
  const { connect, credsAuthenticator } = await import('@nats-io/transport-node');
  const read = readAccess(access);
  if (!read.ok) return read;
  const { user, password, tls } = read.value;
  const aborted = onceAborted(drain);
  try {
    const connecting = connect({
      servers: address.servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`),
      name: 'vahti',
      reconnect: false,
      timeout: CONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ...(address.tls || Object.keys(tls).length > 0 ? { tls } : {}),
      ...(access.creds === undefined
        ? {}
        : { authenticator: credsAuthenticator(readFileSync(access.creds)) }),
      ...login(user, password),
    });
    const connection = await Promise.race([connecting, aborted.promise]);
    if (connection !== undefined) return ok(connection);
    // Nobody waits for it any more.
    connecting.then(
      (late) => void late.close(),
      () => {},
    );
    return err('the collector ends');
  } catch (thrown) {
    return err(`cannot connect: ${asError(thrown).message}`);
  } finally {
    aborted.release();
  }
}

/** A password without a user is a token. */
function login(user: string | undefined, password: string | undefined) {
  if (user === undefined) return password === undefined ? {} : { token: password };
  return password === undefined ? { user } : { user, pass: password };
}
