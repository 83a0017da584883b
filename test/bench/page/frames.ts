import type { Page } from 'playwright-core';
import { quantile } from '../table.ts';
import { inPage } from './in-page.ts';

/** How smoothly a page goes while it works. */
export interface FrameFigures {
  readonly perSecond: number;
  /** Between two frames, milliseconds: the 99th of 100, and the longest. */
  readonly p99: number;
  readonly longest: number;
  /** MiB of JavaScript at the end. */
  readonly heap: number;
}

export async function measureFrames(page: Page, ms: number): Promise<FrameFigures> {
  const { gaps, tookMs, heap } = await inPage<{ gaps: number[]; tookMs: number; heap: number | null }>(
    page,
    `frames(${ms})`,
  );
  return {
    perSecond: (gaps.length / tookMs) * 1000,
    p99: quantile(gaps, 0.99),
    longest: Math.max(...gaps),
    heap: (heap ?? Number.NaN) / 2 ** 20,
  };
}
