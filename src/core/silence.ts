/** Why nothing is done about trouble, or nobody is told, for now. */
export interface Silence {
  /**
   * `quiet`: a window of the config. `snooze`: a person wants no actions and no messages for a while. `ack`: a person knows of this
   * incident; it ends with the incident. `needs`: something that the service needs is in trouble itself.
   */
  readonly by: 'quiet' | 'snooze' | 'ack' | 'needs';
  /** In words, without a full stop: `switch maintenance`, `db: alive is bad`. */
  readonly why: string;
  /** Who said so: a user's name; empty for windows and needs. */
  readonly who: string;
  /** Wall milliseconds; null where it has no end of its own. */
  readonly until: number | null;
}
