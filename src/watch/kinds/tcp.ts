import * as net from 'node:net';
import * as v from 'valibot';
import { ADDRESS, parseAddress } from '../../core/address.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { judgeTrouble, type Trouble, troubleOf } from './connecting.ts';
import { bad, ok, span, tenths } from './judgement.ts';
import { matching } from './options.ts';
import { splitKind } from './split-kind.ts';

const MESSAGE = 'cannot use this value: the port is a number from 1 to 65535';

const options = v.strictObject({
  address: v.pipe(
    matching('HOST:PORT', ADDRESS, ['127.0.0.1:5432', '[::1]:80']),
    v.check((value) => !ADDRESS.test(value) || parseAddress(value) !== undefined, MESSAGE),
    v.description('The address that has to take connections.'),
  ),
});
type Options = v.InferOutput<typeof options>;

export type Outcome =
  | { readonly kind: 'connected'; readonly ms: number }
  | { readonly kind: 'error'; readonly trouble: Trouble }
  | { readonly kind: 'timeout'; readonly ms: number };

/** Judges what came of a connection. */
export function judgeTcp(address: string, outcome: Outcome): Judgement {
  if (outcome.kind === 'error') return judgeTrouble(outcome.trouble, address);
  const time = span(outcome.ms);
  return outcome.kind === 'timeout'
    ? bad(null, `no connection to ${address} within ${time}`)
    : ok(`connected in ${time}`, `${address} takes connections`);
}

/** Something takes connections. */
export const tcp = splitKind<Options, Outcome>({
  kind: 'tcp',
  main: 'address',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  reader:
    ({ address }, context) =>
    (request) =>
      connect(address, request, context),
  judge:
    ({ address }) =>
    (outcome) =>
      judgeTcp(address, outcome),
  source: ({ address }) => ['tcp', address],
});

function connect(address: string, { signal }: LookRequest, { clock }: WatchContext): Promise<Outcome> {
  const target = parseAddress(address);
  if (target === undefined) throw new Error(`cannot use the address ${address}`);
  const startedAt = clock.monotonic();
  return new Promise((resolve) => {
    const socket = net.connect({ ...target, signal });
    const finish = (outcome: Outcome): void => {
      resolve(outcome);
      socket.destroy();
    };
    socket.once('connect', () => finish({ kind: 'connected', ms: tenths(clock.monotonic() - startedAt) }));
    socket.on('error', (error) => {
      const ms = tenths(clock.monotonic() - startedAt);
      finish(signal.aborted ? { kind: 'timeout', ms } : { kind: 'error', trouble: troubleOf(error) });
    });
  });
}
