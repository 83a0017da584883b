import assert from 'node:assert/strict';
import type { DeliveryOutcome } from '../../src/core/channel.ts';

export type Failed = Extract<DeliveryOutcome, { kind: 'failed' }>;

/** The outcome of a try that has failed. */
export function failed(outcome: DeliveryOutcome): Failed {
  assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
  return outcome;
}
