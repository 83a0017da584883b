import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';

/** Puts what measures into each page of a profile. */
export async function addMeasuring(context: BrowserContext): Promise<void> {
  await context.addInitScript({ path: join(import.meta.dirname, 'in-page.js') });
}

/** Calls one of `measured`, see in-page.js. */
export function inPage<T>(page: Page, call: string): Promise<T> {
  return page.evaluate<T>(`measured.${call}`);
}
