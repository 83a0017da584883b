import type { Doors } from '../../server/doors.ts';
import type { Principal } from '../../server/principal.ts';
import type { Session } from '../../server/session.ts';
import type { Stored } from './batches.ts';
import type { CheckCredential } from './credentials.ts';
import type { Requests } from './requests.ts';
import type { Rooms } from './rooms.ts';

/** What all connections share. */
export interface Shared {
  readonly doors: Doors;
  readonly check: CheckCredential;
  readonly requests: Requests;
  readonly rooms: Rooms;
  /** Without a frame of the client for so long a connection closes. */
  readonly timeoutMs: number;
  /** A client that takes nothing for so long is cut off. */
  readonly slowMs: number;
  /** The records of a batch that was stored. */
  brought(agent: string, json: Uint8Array, stored: Stored, from: Session): void;
}

/** What one connection has of its own. */
export interface Own {
  /** Bytes that came so far, in whatever form. */
  readonly bytesRead: () => number;
  /** Whose session it is that the browser sent when it connected. */
  readonly session: CheckCredential;
  /** Whether one more connection of somebody is allowed. */
  admit(principal: Principal): boolean;
  /** It is over; called once. */
  ended(): void;
}
