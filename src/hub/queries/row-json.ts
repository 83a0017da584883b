import type { RecordKind } from '../../core/record.ts';
import type { HubRow } from '../blocks/row.ts';

/** A record as every protocol of the hub shows it. Times are integer microseconds, UTC. */
export interface RowJson {
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

export function rowToJson({ seq, fields, ...row }: HubRow): RowJson {
  const { position, agent, time, received, host, service, life, kind, level, sender, message } = row;
  const shown = {
    id: `${agent}/${seq}`,
    position,
    agent,
    time,
    received,
    host,
    service,
    life,
    kind,
    level,
    sender,
    message,
  };
  return fields === '' ? shown : { ...shown, fields: JSON.parse(fields) as Record<string, unknown> };
}
