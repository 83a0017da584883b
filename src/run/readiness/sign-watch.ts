/** One sign, looked for during one life. */
export interface SignWatch {
  /** What was seen instead, in words, for a life that is late. */
  missing(): string;
  /** Stops looking; nothing is told from then on. */
  close(): void;
}
