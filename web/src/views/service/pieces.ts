/** A stretch of text; or a moment in it, wall milliseconds. */
export interface Piece {
  readonly text: string;
  readonly at: number | undefined;
}

const MOMENT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\b/g;

/** Finds moments such as `2026-11-22T19:10:47Z`. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: said, index } of text.matchAll(MOMENT)) {
    const at = Date.parse(said);
    if (!Number.isFinite(at)) continue;
    if (index > from) pieces.push({ text: text.slice(from, index), at: undefined });
    pieces.push({ text: said, at });
    from = index + said.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), at: undefined });
  return pieces;
}
