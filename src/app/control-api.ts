import * as v from 'valibot';
import type { CollectFigures } from '../collect/gauges.ts';
import { RECORD_KINDS, type StoredRecord } from '../core/record.ts';
import type { ServiceSnapshot } from '../core/runner.ts';
import type { PipelineFigures } from '../pipeline/pipeline.ts';
import type { WatchFigures } from '../watch/watch-figures.ts';
import type { BeatApi } from './beat-control.ts';
import type { Boot } from './boot.ts';
import type { HeldSilence } from './holding-back.ts';
import type { JobApi } from './job-control.ts';
import type { JobStatus } from './job-status.ts';
import type { NotifyApi } from './notify-control.ts';
import type { PlanChange, ServiceKind } from './plan.ts';
import type { ShippingState } from './shipping.ts';
import type { SilenceApi } from './silence-control.ts';

/** What the daemon says of one service. Times are milliseconds since 1970 UTC; null where there is none. */
export interface ServiceStatus extends Omit<ServiceSnapshot, 'lastExit' | 'logPath'> {
  readonly kind: ServiceKind;
  readonly lastExit: { readonly at: number; readonly text: string } | null;
  readonly log: string;
  /** Whether it starts with the daemon, and who says so. */
  readonly boot: Boot;
  readonly watches: readonly WatchFigures[];
  /** When its watches restarted it, as far as that counts. */
  readonly watchRestarts: readonly number[];
  /** What is held back of it, and of its watches. */
  readonly silences: readonly HeldSilence[];
  /** A built-in kind's own figures; null where it does not answer, or has none. */
  readonly figures: CollectFigures | null;
  /** Of a pipeline. */
  readonly pipeline?: PipelineFigures | null;
}

export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly since: number;
  readonly config: string;
  readonly state: string;
  readonly services: readonly ServiceStatus[];
  readonly jobs: readonly JobStatus[];
  /** How it stands with the hub that records are sent to; null where there is none. */
  readonly shipping: ShippingState | null;
}

/** Why a service is as it is, for `vahti explain`. */
export interface Explanation {
  readonly service: ServiceStatus;
  /** Sentences: the state, the tally, what happens next and when. */
  readonly because: readonly string[];
  /** The records of the time line that led here, oldest first. */
  readonly evidence: readonly StoredRecord[];
}

export interface ActionResult {
  readonly name: string;
  readonly done: boolean;
  readonly message: string;
}

export interface ReloadResult {
  readonly changes: readonly PlanChange[];
}

const name = v.pipe(v.string(), v.nonEmpty());
/** Who asks for it, where that is more exact than a person, and why. */
const said = {
  who: v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(200))),
  why: v.optional(v.pipe(v.string(), v.maxLength(1000))),
};
const microseconds = v.pipe(v.number(), v.safeInteger());

/** The parameters of every method of the control socket, checked where they come in. */
export const CONTROL_PARAMS = {
  status: v.strictObject({}),
  explain: v.strictObject({ name }),
  start: v.strictObject({ names: v.array(name), ...said }),
  stop: v.strictObject({ names: v.array(name), ...said }),
  restart: v.strictObject({ names: v.array(name), reason: v.string(), who: said.who }),
  boot: v.strictObject({ names: v.array(name), starts: v.boolean(), why: v.string() }),
  reload: v.strictObject({ dryRun: v.boolean() }),
  down: v.strictObject({}),
  logs: v.strictObject({
    services: v.optional(v.array(name)),
    life: v.optional(v.string()),
    kinds: v.optional(v.array(v.picklist(RECORD_KINDS))),
    senders: v.optional(v.array(v.string())),
    level: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24))),
    text: v.optional(v.string()),
    since: v.optional(microseconds),
    until: v.optional(microseconds),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000))),
    follow: v.boolean(),
  }),
} as const;

export type LogsParams = v.InferOutput<(typeof CONTROL_PARAMS)['logs']>;

/** What is asked for services, by whom and why, where that is said. */
interface SaidOf {
  readonly names: readonly string[];
  readonly who?: string | undefined;
  readonly why?: string | undefined;
}

/** The control socket, as its typed client sees it. `item` marks a stream. */
export interface ControlApi extends BeatApi, SilenceApi, NotifyApi, JobApi {
  readonly status: { readonly params: Record<string, never>; readonly value: DaemonStatus };
  readonly explain: { readonly params: { readonly name: string }; readonly value: Explanation };
  readonly start: {
    readonly params: SaidOf;
    readonly value: readonly ActionResult[];
  };
  readonly stop: {
    readonly params: SaidOf;
    readonly value: readonly ActionResult[];
  };
  readonly restart: {
    readonly params: {
      readonly names: readonly string[];
      readonly reason: string;
      readonly who?: string | undefined;
    };
    readonly value: readonly ActionResult[];
  };
  /** Enables or disables: whether they start with the daemon. */
  readonly boot: {
    readonly params: { readonly names: readonly string[]; readonly starts: boolean; readonly why: string };
    readonly value: readonly ActionResult[];
  };
  readonly reload: { readonly params: { readonly dryRun: boolean }; readonly value: ReloadResult };
  readonly down: { readonly params: Record<string, never>; readonly value: null };
  readonly logs: { readonly params: LogsParams; readonly item: StoredRecord };
}
