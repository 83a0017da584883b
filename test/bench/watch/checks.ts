export type Sort = 'http' | 'tcp' | 'command';

/** Something that a monitor has to look at. */
export interface Check {
  readonly name: string;
  readonly sort: Sort;
  /** It never answers, from the beginning. */
  readonly hangs: boolean;
}

/** Of ten checks six are http, three tcp and one is a command; of each sort every tenth hangs. */
const SHARES: readonly Sort[] = [
  'http',
  'http',
  'tcp',
  'http',
  'http',
  'tcp',
  'http',
  'http',
  'tcp',
  'command',
];

export function makeChecks(count: number): readonly Check[] {
  return Array.from({ length: count }, (_, i): Check => {
    const sort = SHARES[i % SHARES.length] as Sort;
    // Each place within the ten has its hanging one in another ten.
    const hangs = (Math.floor(i / 10) + i) % 10 === 0;
    return { name: `${sort}-${String(i).padStart(4, '0')}`, sort, hangs };
  });
}

/** The checks that are to fail: so many of each sort, spread over all that do not hang. */
export function pickFailing(checks: readonly Check[], ofEach: number): readonly Check[] {
  return (['http', 'tcp', 'command'] as const).flatMap((sort) => {
    const able = checks.filter((check) => check.sort === sort && !check.hangs);
    return Array.from({ length: ofEach }, (_, i) => able[Math.floor((i * able.length) / ofEach)] as Check);
  });
}
