import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { err, ok, type Result } from '../../core/result.ts';
import type { Access } from '../../hub/access/access.ts';
import { registerAccess } from '../../hub/access/routes.ts';
import { createAsks } from '../../hub/asks/asks.ts';
import { registerAsks } from '../../hub/asks/register.ts';
import { openBoard } from '../../hub/board/board.ts';
import { registerPage } from '../../hub/page/register.ts';
import { createSite } from '../../hub/page/site.ts';
import { registerApi } from '../../hub/protocols/api/register.ts';
import { registerLoki } from '../../hub/protocols/loki/register.ts';
import { registerOtlp } from '../../hub/protocols/otlp/register.ts';
import { ownVersion, packageFolder } from '../../core/own-package.ts';
import { openSyslog } from '../../hub/protocols/syslog/door.ts';
import { openWatchdogs } from '../../hub/protocols/watchdog/watchdogs.ts';
import { createSockets, type Sockets } from '../../hub/protocols/ws/sockets.ts';
import { queryActions } from '../../hub/queries/actions.ts';
import { registerQueries } from '../../hub/queries/routes.ts';
import type { Doors } from '../../hub/server/doors.ts';
import { registerStatusPage } from '../../hub/status-page/register.ts';
import type { HubSpec } from './hub-spec.ts';

/** Where `npm run build:web` puts the page. */
const PAGE = join(packageFolder(), 'dist/web');

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
  const { clock, log } = doors;
  const openedBoard = openBoard({ folder, version: ownVersion(), clock, log });
  if (!openedBoard.ok) {
    if (syslog?.ok === true) await syslog.value.close();
    watchdogs.close();
    return openedBoard;
  }
  const board = openedBoard.value;
  const asks = createAsks({
    doors,
    agents: board.agents,
    isAgent: (name) => access.store.tokens.isAgent(name),
    audit: ({ who, address, agent, what }) => access.acted({ who, address }, what, `agent ${agent}`),
  });
  const site = createSite(PAGE, doors);
  const actions = [...watchdogs.actions, ...queryActions(doors), ...board.actions, ...asks.actions];
  return ok({
    routes: [
      // The first: it gives way to all that come behind it.
      (app) => registerPage(app, site),
      (app) => registerAccess(app, doors, access),
      (app) => registerAsks(app, doors, asks),
      (app) => registerStatusPage(app, doors, spec.statusPage, board),
      (app) => registerApi(app, doors, watchdogs),
      (app) => board.register(app, doors),
      registerQueries,
      registerLoki,
      registerOtlp,
    ],
    sockets: createSockets(doors, actions, watchdogs.socketOptions),
    async close() {
      if (syslog?.ok === true) await syslog.value.close();
      board.close();
      watchdogs.close();
    },
  });
}
