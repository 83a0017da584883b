import { createFaultPlan, type FaultPlan } from '../fault-plan.ts';
import type { Random } from '../../wire/atproto/random.ts';
import { insertedMessage, rewriteFrame } from './fault-frames.ts';
import {
  type ConnectFault,
  type FirehoseFault,
  isConnectFault,
  isFrameFault,
  isPassingFault,
  type PassingFault,
  timesOf,
} from './faults.ts';

/** What happens between two frames. */
export type Act =
  | { readonly kind: 'send'; readonly data: Uint8Array | string }
  | { readonly kind: 'repeat'; readonly frames: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'error'; readonly error: string; readonly message: string | undefined }
  | { readonly kind: 'cut' }
  | { readonly kind: 'mute'; readonly deaf: boolean };

/** The faults of a firehose's connections. */
export function planFaults(faults: readonly FirehoseFault[], seed: number): FaultPlan<ConnectFault, Act> {
  return createFaultPlan({
    connect: faults.filter(isConnectFault),
    passing: faults.filter(isPassingFault),
    messages: faults.filter(isFrameFault),
    timesOf,
    deeds: {
      actOf,
      rewrite: (fault, frame, ofSeed) =>
        fault.kind === 'swallow' ? 'swallowed' : rewriteFrame(fault, frame, ofSeed),
      usualCount: ({ kind }) => (kind === 'clock' ? Number.POSITIVE_INFINITY : 1),
    },
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
    case 'error':
      return { kind: 'error', error: fault.error, message: fault.message };
    case 'duplicate':
      return { kind: 'repeat', frames: fault.frames };
    default:
      return { kind: 'send', data: insertedMessage(fault, random) };
  }
}
