/** atproto's sortable base32 (atproto.com/specs/tid). */
const SORTABLE = '234567abcdefghijklmnopqrstuvwxyz';

/** A TID: 13 letters, which sort as their times do. `micros` since 1970 (below 2^53), `clock` 0 to 1023. */
export function tidOf(micros: number, clock: number): string {
  let text = '';
  let left = micros;
  for (let i = 0; i < 11; i++) {
    text = SORTABLE[left % 32] + text;
    left = Math.floor(left / 32);
  }
  return text + SORTABLE[(clock >> 5) & 31] + SORTABLE[clock & 31];
}
