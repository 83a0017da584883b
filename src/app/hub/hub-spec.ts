import type { PlannedHub } from '../plan.ts';

/** What a hub is made of, its files read. */
export interface HubSpec extends PlannedHub {
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly publicKey?: string;
}
