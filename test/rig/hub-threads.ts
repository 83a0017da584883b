import type { Keep } from '../../src/hub/blocks/groups.ts';
import { HUB_NOW, hubRow } from './hub-rows.ts';

const DAY = 86_400_000;

export const HUB_KEEP: Keep = {
  rules: [
    { name: 'logs', keepMs: 7 * DAY, kinds: ['log'] },
    { name: 'other', keepMs: 90 * DAY },
  ],
  bytes: 1e12,
  free: 0,
};

/** Records from one number to another, as an agent sends them; every tenth is an error. */
export function sent(from: number, to: number): Uint8Array {
  const records = Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    const { position: _p, received: _r, agent: _a, fields: _f, ...row } = hubRow({ seq });
    const kind = seq % 7 === 0 ? 'notification' : 'log';
    return { ...row, time: HUB_NOW + seq, kind, level: seq % 10 === 0 ? 17 : 9, message: `record ${seq}` };
  });
  return Buffer.from(JSON.stringify(records));
}
