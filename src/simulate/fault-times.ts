/** When a fault may happen; all that is given must hold, nothing given is at once. */
export interface ConnectTime {
  /** From the k-th attempt to connect on, counted from 1; the refused ones count too. */
  readonly connection?: number | undefined;
  /** Once so many messages of the stream were sent, over all connections. */
  readonly afterAll?: number | undefined;
}

export interface StreamTime extends ConnectTime {
  /** Once so many messages were sent on the connection. Swallowed and inserted ones don't count, repeated ones do. */
  readonly after?: number | undefined;
  /** Just before the first message with this number or a higher one, on a connection that passes that place. */
  readonly seq?: number | undefined;
  /** Once no more than so many are left of what a connection replays; never on one that has begun at the live end. */
  readonly beforeLive?: number | undefined;
}

/** On how many connections a fault happens; `Infinity`: on all. On one connection each fault happens once at most. */
export interface Times {
  readonly times?: number | undefined;
}

/** What a fault is about: how a connection begins, what happens between two messages, or a message itself. */
export interface ConnectBase extends Times {
  readonly kind: string;
  readonly when?: ConnectTime | undefined;
}

export interface PassingBase extends Times {
  readonly kind: string;
  readonly when?: StreamTime | undefined;
}

export interface MessageBase extends PassingBase {
  /** How many messages; the default is a matter of the kind. */
  readonly count?: number | undefined;
}
