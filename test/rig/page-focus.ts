import type { Page } from 'playwright-core';

/** What has the focus. */
export interface Focused {
  /** `a`, `button`, … ; `body` where nothing has it. */
  readonly tag: string;
  /** What a person hears: its label, or its text. */
  readonly name: string;
  /** Whether a person sees that it has the focus, and it itself. */
  readonly isSeen: boolean;
  /** The same element has the same number as long as the document lasts. */
  readonly number: number;
}

/** Runs in the page, where there are a document and styles. */
const LOOK = `(() => {
  const element = document.activeElement ?? document.body;
  globalThis.focusNumbers ??= new Map();
  if (!focusNumbers.has(element)) focusNumbers.set(element, focusNumbers.size);
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent ?? '';
  return {
    tag: element.tagName.toLowerCase(),
    name: label.trim().replaceAll(/\\s+/g, ' ').slice(0, 80),
    isSeen: ((outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none') && box.width > 0 && box.height > 0,
    number: focusNumbers.get(element),
  };
})()`;

export function focused(page: Page): Promise<Focused> {
  return page.evaluate<Focused>(LOOK);
}

/** Presses Tab until something has the focus that is meant. Throws where it does not come. @returns everything that had it on the way. */
export async function tabTo(page: Page, name: RegExp, most = 200): Promise<readonly Focused[]> {
  const way: Focused[] = [];
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    way.push(now);
    if (name.test(now.name)) return way;
  }
  throw new Error(`cannot reach ${name} by Tab; it came to ${way.map((each) => each.name).join(', ')}`);
}

/** Presses Tab through all of the page, until the focus leaves it. Throws where it never does: it is a trap. */
export async function tabThrough(page: Page, most = 400): Promise<readonly Focused[]> {
  const way: Focused[] = [];
  const seen = new Set<number>();
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.tag === 'body' || (seen.has(now.number) && now.number === way[0]?.number)) return way;
    if (seen.has(now.number)) throw new Error(`the focus is trapped at ${now.name}`);
    seen.add(now.number);
    way.push(now);
  }
  throw new Error(`cannot leave the page by Tab within ${most} presses`);
}
