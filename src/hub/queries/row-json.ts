import type { Row } from '../../wire/hub/row.ts';
import type { HubRow } from '../blocks/row.ts';

export function rowToJson({ seq, fields, ...row }: HubRow): Row {
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
