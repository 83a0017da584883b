import { isPassing, type JetstreamFault } from './faults.ts';
import type { Served } from './history.ts';

/** What a fault does to a connection. */
export interface Deeds {
  readonly again: (event: Served) => void;
  readonly raw: (bytes: Uint8Array, binary: boolean) => void;
  readonly close: (code: number, reason: string) => void;
  readonly cut: () => void;
  readonly hang: () => void;
}

/** Lets faults happen before each event that is to be sent; answers whether it still is. */
export function createDisturbance(
  faults: readonly JetstreamFault[],
  deeds: Deeds,
): (event: Served) => boolean {
  const passing = faults.filter(isPassing);
  const sent: Served[] = [];
  const longest = Math.max(0, ...passing.map((fault) => (fault.kind === 'duplicate' ? fault.events : 0)));
  let count = 0;
  return (event) => {
    for (const fault of passing.filter(({ afterEvents }) => afterEvents === count)) {
      passing.splice(passing.indexOf(fault), 1);
      if (fault.kind === 'raw') deeds.raw(fault.bytes, fault.binary ?? false);
      else if (fault.kind === 'duplicate') sent.slice(-fault.events).forEach((again) => deeds.again(again));
      else if (fault.kind === 'swallow') return false;
      else {
        if (fault.kind === 'close') deeds.close(fault.code, fault.reason ?? '');
        else if (fault.kind === 'cut') deeds.cut();
        else deeds.hang();
        return false;
      }
    }
    count++;
    sent.push(event);
    if (sent.length > longest) sent.shift();
    return true;
  };
}
