import type { FastifyInstance } from 'fastify';
import { err, ok, type Result } from '../../core/result.ts';
import type { Access } from '../../hub/access/access.ts';
import { registerAccess } from '../../hub/access/routes.ts';
import { registerApi } from '../../hub/protocols/api/register.ts';
import { registerLoki } from '../../hub/protocols/loki/register.ts';
import { registerOtlp } from '../../hub/protocols/otlp/register.ts';
import { openSyslog } from '../../hub/protocols/syslog/door.ts';
import { openWatchdogs } from '../../hub/protocols/watchdog/watchdogs.ts';
import { createSockets, type Sockets } from '../../hub/protocols/ws/sockets.ts';
import { queryActions } from '../../hub/queries/actions.ts';
import { registerQueries } from '../../hub/queries/routes.ts';
import type { Doors } from '../../hub/server/doors.ts';
import type { HubSpec } from './open-hub.ts';

/** Everything that the hub speaks: a line for each. */
export interface Protocols {
  readonly routes: readonly ((app: FastifyInstance, doors: Doors) => void)[];
  readonly sockets: Sockets;
  close(): Promise<void>;
}

/** The error is a sentence. Nothing is left open then. */
export async function protocolsOf(
  spec: HubSpec,
  doors: Doors,
  access: Access,
): Promise<Result<Protocols, string>> {
  const { folder, publicKey, publicStatistics } = spec;
  const opened = openWatchdogs({
    doors,
    folder,
    publicStatistics,
    ...(publicKey === undefined ? {} : { oldTokens: { publicKey } }),
  });
  if (!opened.ok) return opened;
  const watchdogs = opened.value;
  const syslog = spec.syslog === undefined ? undefined : await openSyslog(spec.syslog, doors);
  if (syslog?.ok === false) {
    watchdogs.close();
    return err(syslog.error);
  }
  const actions = [...watchdogs.actions, ...queryActions(doors)];
  return ok({
    routes: [
      (app) => registerAccess(app, doors, access),
      (app) => registerApi(app, doors, watchdogs),
      registerQueries,
      registerLoki,
      registerOtlp,
    ],
    sockets: createSockets(doors, actions, watchdogs.socketOptions),
    async close() {
      if (syslog?.ok === true) await syslog.value.close();
      watchdogs.close();
    },
  });
}
