import type { SignWatch } from './sign-watch.ts';

/**
 * A line of the life's own output that has a text in it. Plain text, no pattern: a pattern that takes for ever on some line
 * would stop the daemon, and what a program prints is not in our hands.
 */
export interface LineSign {
  readonly kind: 'line';
  readonly text: string;
}

/** Takes the lines of one life; longer ones come cut at 64 KiB, as in the captured log. */
export function watchLine({ text }: LineSign, seen: () => void): SignWatch & { heard(line: Buffer): void } {
  const wanted = Buffer.from(text);
  let looking = true;
  return {
    heard(line) {
      if (!looking || !line.includes(wanted)) return;
      looking = false;
      // In a turn of its own: the line itself comes first in the time line.
      queueMicrotask(seen);
    },
    missing: () => `no line had ${JSON.stringify(text)}`,
    close: () => {
      looking = false;
    },
  };
}

export function lineText({ text }: LineSign): string {
  return `a line with ${JSON.stringify(text)}`;
}
