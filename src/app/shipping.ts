import { type Agent, type AgentState, startAgent } from '../agent/agent.ts';
import type { BoardSeam } from '../agent/reporting.ts';
import { dialNode } from '../agent/node-socket.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft, RecordStore } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import { hubAddress } from '../wire/hub/address.ts';
import type { StateStore } from './state.ts';

/** Where the cursor is kept in the state. */
const MARK = 'shipping';

export interface ShippingOptions {
  readonly store: RecordStore;
  /** Names the series, and keeps the cursor. */
  readonly state: Pick<StateStore, 'agent' | 'loadMark' | 'saveMark'>;
  readonly hub: ShippingHub;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** The newest record before this process wrote any, where that is known: a hub that has more has it from a life that a backup undid. */
  readonly known?: number | undefined;
  /** What is told and done there beside records. */
  readonly board?: BoardSeam | undefined;
  /** A bug, or a state folder that cannot be gone on with. */
  readonly failed: (error: Error) => void;
}

export interface ShippingHub {
  /** `wss://hub.example`; without a path it is `/ws`. */
  readonly url: string;
  /** Asked for at each connection, so that a file may change. The error is a clause, without the secret. */
  readonly token: () => Result<string, string>;
  /** A file of certificates that vouch for the hub, absolute. */
  readonly ca?: string | undefined;
  /** A file of the hub's very certificate, absolute: whatever name it is for. */
  readonly pinned?: string | undefined;
}

export type Shipping = Agent;
export type ShippingState = AgentState;

/** Ships the daemon's time line to its hub until it is closed. The error is a clause about the address. */
export function startShipping({ state, hub, ...options }: ShippingOptions): Result<Shipping, string> {
  const url = hubAddress(hub.url);
  if (!url.ok) return err(url.error);
  return ok(
    startAgent({
      ...options,
      identity: state.agent,
      mark: { load: () => state.loadMark(MARK), save: (value) => state.saveMark(MARK, value) },
      hub: url.value.href,
      dial: (events) =>
        dialNode({ url: url.value, ca: hub.ca, pinned: hub.pinned, clock: options.clock }, events),
      token: () => Promise.resolve(agentToken(hub)),
    }),
  );
}

/** With a user's, the hub would only speak of what is odd about the connection. */
function agentToken({ token }: ShippingHub): Result<string, string> {
  const found = token();
  const isUser = found.ok && found.value.startsWith('vahti_u_');
  return isUser ? err("the token is a user's; it takes that of an agent") : found;
}
