import type { AskHandler, BoardSeam } from '../../agent/reporting.ts';
import type { RpcMethods } from '../../core/rpc.ts';
import type { Log } from '../../core/log.ts';
import type { Recorder } from '../recorder.ts';
import type { ControlApi } from '../control-api.ts';
import type { Plan } from '../plan.ts';
import type { Supervision } from '../supervision.ts';
import { createReportSource, type ReportSources } from './report-source.ts';

/** What a daemon tells its hub of itself, and does for it. */
export interface BoardOptions extends Omit<ReportSources, 'acts'> {
  readonly supervision: Supervision;
  /** Those of the control socket. */
  readonly methods: RpcMethods<ControlApi>;
  /** That is in force. */
  readonly plan: () => Plan;
  /** Every service is run by a unit of systemd's. */
  readonly systemd: boolean;
  readonly log: Log;
  /** What people do stands on the time line. */
  readonly recorder: Pick<Recorder, 'add'>;
}

/** @param acts whether people may act through this hub. */
export type OpenBoard = (acts: boolean) => BoardSeam;

/** Makes the seam for a hub's agent; another hub gets another one. */
export function createBoard(options: BoardOptions): OpenBoard {
  return (acts) => ({ reports: createReportSource({ ...options, acts }), asks: lateAsks(options, acts) });
}

/** What asks need is loaded when somebody asks: most daemons are rarely asked anything. */
function lateAsks(options: BoardOptions, acts: boolean): AskHandler {
  let handler: Promise<AskHandler> | undefined;
  const load = async (): Promise<AskHandler> => {
    const [{ createAskHandler }, { createLooks }, { createPipelineAsks }] = await Promise.all([
      import('./asks.ts'),
      import('./looks.ts'),
      import('./pipeline-asks.ts'),
    ]);
    const pipelines = createPipelineAsks({ ...options, records: options.recorder.add });
    return createAskHandler({ ...options, acts, looks: createLooks(options), pipelines });
  };
  return async (ask, signal) => (await (handler ??= load()))(ask, signal);
}
