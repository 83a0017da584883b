import type { RecordKind } from '../../core/record.ts';

/** A stored record as every protocol of the hub shows it. Times are integer microseconds, UTC. */
export interface Row {
  /** `agent/seq`. */
  readonly id: string;
  /** Where it stands in the hub's order, that of receipt: what a tail goes on behind. */
  readonly position: number;
  readonly agent: string;
  readonly time: number;
  readonly received: number;
  readonly host: string;
  readonly service: string;
  readonly life: string;
  readonly kind: RecordKind;
  /** 1 to 24 as OpenTelemetry. */
  readonly level: number;
  readonly sender: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}
