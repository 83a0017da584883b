import type { DaemonStatus, ServiceStatus } from './control-api.ts';
import { readFigures } from './figures.ts';
import { serviceSocket, type StatePaths } from './state.ts';
import type { Supervised } from './supervision.ts';

/** The daemon's state, with the figures of every built-in service that answers; all are asked at the same time. */
export async function statusOf(
  facts: Omit<DaemonStatus, 'services'>,
  supervised: readonly Supervised[],
  paths: StatePaths,
): Promise<DaemonStatus> {
  return { ...facts, services: await Promise.all(supervised.map((each) => serviceStatus(each, paths))) };
}

export async function serviceStatus(
  { planned, service, boot, watches: seen }: Supervised,
  paths: StatePaths,
): Promise<ServiceStatus> {
  const { logPath, lastExit, ...snapshot } = service.snapshot();
  const { watches, restarts: watchRestarts } = seen();
  const asks = planned.kind !== 'command' && snapshot.state === 'running';
  return {
    ...snapshot,
    kind: planned.kind,
    lastExit: lastExit === null ? null : { at: lastExit.at, text: lastExit.message },
    log: logPath,
    boot: boot(),
    watches,
    watchRestarts,
    figures: asks ? await readFigures(serviceSocket(paths, planned.name)) : null,
  };
}
