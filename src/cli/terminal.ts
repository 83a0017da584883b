import type { Clock } from '../core/clock.ts';

const REDRAW_MS = 250;

/** A full-screen view that is drawn anew four times a second; what was on the screen before comes back at the end. */
export interface Terminal {
  close(): void;
}

/** @param render gives the lines for a size; called again and again, never overlapping. */
export function openTerminal(
  out: NodeJS.WriteStream,
  clock: Clock,
  render: (columns: number, rows: number) => Promise<readonly string[]>,
): Terminal {
  let open = true;
  let timer: { cancel(): void } | undefined;
  // The alternate screen, without a cursor (xterm control sequences, modes 1049 and 25).
  out.write('\u001b[?1049h\u001b[?25l');
  const draw = async (): Promise<void> => {
    const lines = await render(out.columns ?? 80, out.rows ?? 24);
    if (!open) return;
    // A slow terminal gets fewer pictures, not a queue of them.
    if (!out.writableNeedDrain)
      out.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
    timer = clock.timer(REDRAW_MS, redraw);
  };
  const redraw = (): void => {
    draw().catch((error: unknown) => {
      close();
      throw error;
    });
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    timer?.cancel();
    out.write('\u001b[?25h\u001b[?1049l');
  };
  redraw();
  return { close };
}
