import type { GenericSchema } from 'valibot';
import type { Principal } from './principal.ts';

/** A connection of `/ws` behind its authentication, as actions see it. */
export interface Session {
  readonly principal: Principal;
  /** 1: the old watchdogs' frames; 2: ours, see docs/hub-protocol.md. */
  readonly version: 1 | 2;
  /** The agent that is meant where a request names none: the agent itself, or which a user named in `auth` (version 1: or its first). */
  readonly agent?: string | undefined;
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal;
  /** Sends a frame that is no answer. @returns false where too much waits on this connection: the frame was not sent. */
  push(frame: Readonly<Record<string, unknown>>): boolean;
  /** Resolves when there is room for a push again, or the connection is over. */
  room(): Promise<void>;
}

/** What a client may ask by `{"action": NAME, …}`. A registry line and a file each. */
export interface Action<T = unknown> {
  readonly name: string;
  /** Of the whole frame, beside `action` and `id`. Unknown keys are allowed in version 1, an error in version 2: use `v.object`. */
  readonly schema: GenericSchema<unknown, T>;
  /** What is added to `{action, id, success: true}`; in version 1 `success` may be given too. Throws only for bugs. */
  run(request: T, session: Session): Promise<ActionAnswer>;
}

export type ActionAnswer =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: ActionError };

export interface ActionError {
  /** One word for programs. `later`: it may work when it is tried again. */
  readonly code: 'invalid' | 'forbidden' | 'unknown' | 'later' | 'failed';
  /** For people, `cannot …`. */
  readonly message: string;
  readonly retryAfterMs?: number;
}
