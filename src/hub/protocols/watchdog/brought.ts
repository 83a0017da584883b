import type { Clock } from '../../../core/clock.ts';
import { readSentRecords } from '../../ingest/sent-records.ts';
import type { SocketOptions } from '../ws/sockets.ts';
import type { Rooms } from '../ws/rooms.ts';
import { pushOf } from './uploads.ts';

const MARK = Buffer.from('"notification"');

/** Pushes notifications that agents sent in batches: only batches that seem to have some are read here. */
export function pushBrought(rooms: Rooms, clock: Clock): Required<SocketOptions>['brought'] {
  return (agent, json, { stored }, from) => {
    if (stored === 0) return;
    if (!Buffer.from(json.buffer, json.byteOffset, json.byteLength).includes(MARK)) return;
    const read = readSentRecords(json);
    if (!read.ok) return;
    // What was stored before was in front: numbers only grow.
    const fresh = read.value.slice(-stored).filter(({ kind }) => kind === 'notification');
    for (const { seq, fields, ...record } of fresh) {
      const given = fields === '' ? {} : { fields: JSON.parse(fields) as Record<string, unknown> };
      rooms.push(agent, pushOf({ agent, records: [{ ...record, ...given }] }, seq, clock.micros()), from);
    }
  };
}
