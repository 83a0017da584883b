import type { DaemonStatus, ServiceStatus } from './control-api.ts';
import { readFigures } from './figures.ts';
import { readPipelineFigures } from './pipeline/service-api.ts';
import { serviceSocket, type StatePaths } from './state.ts';
import type { Supervised } from './supervision.ts';

/** The daemon's state, with the figures of every built-in service that answers; all are asked at the same time. */
export async function statusOf(
  facts: Omit<DaemonStatus, 'services'>,
  supervised: readonly Supervised[],
  paths: StatePaths,
  now: number,
): Promise<DaemonStatus> {
  const services = await Promise.all(supervised.map((each) => serviceStatus(each, paths, now)));
  return { ...facts, services };
}

export async function serviceStatus(
  { planned, service, boot, watches: seen, silences }: Supervised,
  paths: StatePaths,
  now: number,
): Promise<ServiceStatus> {
  const { logPath, lastExit, ...snapshot } = service.snapshot();
  const { watches, restarts: watchRestarts } = seen();
  const asks = planned.kind === 'collect' && snapshot.state === 'running';
  return {
    ...snapshot,
    kind: planned.kind,
    lastExit: lastExit === null ? null : { at: lastExit.at, text: lastExit.message },
    log: logPath,
    boot: boot(),
    watches,
    watchRestarts,
    silences: silences(now),
    figures: asks ? await readFigures(serviceSocket(paths, planned.name)) : null,
    ...(planned.kind === 'pipeline' && snapshot.state === 'running'
      ? { pipeline: await readPipelineFigures(serviceSocket(paths, planned.name)) }
      : {}),
  };
}
