/** A moment as the status protocol writes it: `2026-11-22 19:05:00.123000`, UTC. @param at wall milliseconds. */
export function momentText(at: number): string {
  const text = new Date(at).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 23)}000`;
}

/** Text as one line: what has several is shown with bars between them. */
export function oneLine(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*[\r\n]\s*/g, ' | ')
    .replaceAll(/[\u0000-\u001f\u007f]/g, '\ufffd');
}
