/** What a beat says. A success of a service that never ends means: I am alive. `log` leaves a message and changes nothing. */
export type BeatWord = 'success' | 'start' | 'fail' | 'log';

/** A beat as somebody sends it. */
export interface Signal {
  readonly word: BeatWord;
  /** The exit code that it came as; null where it came as a word. */
  readonly code: number | null;
  /** Empty where there is none; MESSAGE_BYTES at most. */
  readonly message: string;
  /** Which run it belongs to, where several may go on at once; else empty. */
  readonly rid: string;
}

/** A beat that was taken. Serialisable as JSON. */
export interface Beat extends Signal {
  /** When it came, wall milliseconds. */
  readonly at: number;
  /** The life of the service then; null where it did not run. */
  readonly life: string | null;
  /** How long the run took that it ended, milliseconds; null where that is not known. */
  readonly ms: number | null;
}

/** What is kept of a message. */
export const MESSAGE_BYTES = 10_000;
export const MOST_CODE = 255;
export const RID = /^[A-Za-z0-9._:-]{1,64}$/;
export const RID_FORM = 'up to 64 letters, digits, dots, dashes, colons and underscores';

/** An exit code as a word: 0 is a success, all else is none. */
export function wordOf(code: number): 'success' | 'fail' {
  return code === 0 ? 'success' : 'fail';
}

/** A message of MESSAGE_BYTES at most: the beginning, without half a character. */
export function cutMessage(bytes: Uint8Array): string {
  const kept = bytes.subarray(0, MESSAGE_BYTES);
  // A stream may end within a character: that one is left out, other bytes that are no UTF-8 are shown as such.
  return new TextDecoder().decode(kept, { stream: bytes.length > kept.length });
}
