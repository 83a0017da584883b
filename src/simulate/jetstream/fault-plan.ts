import type { Random } from '../../wire/atproto/random.ts';
import { createFaultPlan, type FaultPlan } from '../fault-plan.ts';
import {
  type ConnectFault,
  type EventFault,
  isConnectFault,
  isEventFault,
  isPassingFault,
  type JetstreamFault,
  type PassingFault,
  timesOf,
} from './faults.ts';

/** What happens between two events. */
export type Act =
  | { readonly kind: 'send'; readonly data: Uint8Array; readonly binary: boolean }
  | { readonly kind: 'repeat' | 'reorder'; readonly events: number }
  | { readonly kind: 'drop'; readonly events: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'cut' }
  | { readonly kind: 'mute'; readonly deaf: boolean };

const GARBAGE_BYTES = 64;

/** The faults of a Jetstream's connections. */
export function planFaults(faults: readonly JetstreamFault[], seed: number): FaultPlan<ConnectFault, Act> {
  return createFaultPlan({
    connect: faults.filter(isConnectFault),
    passing: faults.filter(isPassingFault),
    messages: faults.filter(isEventFault),
    timesOf,
    deeds: { actOf, rewrite: rewriteEvent, usualCount: () => 1 },
    seed,
  });
}

function actOf(fault: PassingFault, random: Random): Act {
  switch (fault.kind) {
    case 'close':
      return { kind: 'close', code: fault.code, reason: fault.reason ?? '' };
    case 'cut':
      return { kind: 'cut' };
    case 'half-open':
      return { kind: 'mute', deaf: !fault.pongs };
    case 'duplicate':
      return { kind: 'repeat', events: fault.events };
    case 'reorder':
      return { kind: 'reorder', events: fault.events };
    case 'drop':
      return { kind: 'drop', events: fault.events };
    case 'raw':
      return { kind: 'send', data: fault.bytes, binary: false };
    default: {
      const data = random.bytes(GARBAGE_BYTES);
      data[0] = 0xff; // begins neither a JSON text nor a zstd frame
      return { kind: 'send', data, binary: fault.kind === 'binary' };
    }
  }
}

/** An event's JSON with the fault in it; undefined where it does not fit. */
function rewriteEvent(fault: EventFault, json: Uint8Array): Uint8Array | 'swallowed' | undefined {
  switch (fault.kind) {
    case 'swallow':
      return 'swallowed';
    case 'poison':
      return json.subarray(0, Math.ceil(json.length / 2));
    case 'unknown-kind': {
      const text = Buffer.from(json).toString('utf8');
      return Buffer.from(text.replace(/"kind":"(\w+)","\1":/, '"kind":"simulated","simulated":'));
    }
    default:
      return pad(json, fault.bytes);
  }
}

const PADDING = Buffer.from(',"padding":"');
const PADDING_END = Buffer.from('"}');

function pad(json: Uint8Array, bytes: number): Uint8Array | undefined {
  const room = bytes - json.length - PADDING.length - PADDING_END.length + 1;
  if (room < 0) return undefined;
  return Buffer.concat([json.subarray(0, -1), PADDING, Buffer.alloc(room, 'x'), PADDING_END]);
}
