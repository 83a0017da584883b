import { hubOf, type Plan, type PlannedHub } from '../app/plan.ts';
import { statePaths } from '../app/state.ts';
import { addressText, ownAddress } from '../core/address.ts';
import { systemClock } from '../core/clock.ts';
import type { StoredRecord } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import { DatabaseError } from '../core/sqlite.ts';

const ADMIN = 'admin';

/** Where the page of a hub is, from this machine: `http://127.0.0.1:7080`. */
export function pageAddress(hub: Pick<PlannedHub, 'host' | 'port' | 'tls'>): string {
  return `${hub.tls === undefined ? 'http' : 'https'}://${addressText(ownAddress(hub))}`;
}

/** What `vahti up` says of the page, and when that is over, wall milliseconds. */
export interface PageNews {
  readonly text: string;
  readonly until: number;
  /** What holds from then on. */
  readonly then: string;
}

export function pageMissing(plan: Plan): string {
  return `no page: write hub: { listen: 127.0.0.1:7080 } into ${plan.file}`;
}

/** A link that lets the administrator of this machine's hub in, once. The error is a sentence. */
export async function makePageNews(plan: Plan, hub: PlannedHub): Promise<Result<PageNews, string>> {
  const address = pageAddress(hub);
  const another = `vahti token link ${ADMIN}`;
  // Loaded here, once: the daemon needs none of it otherwise.
  const { openAccessStore } = await import('../hub/access/store.ts');
  const opened = openAccessStore(statePaths(plan.state).hub, { clock: systemClock });
  if (!opened.ok) return err(opened.error.message);
  try {
    const made = opened.value.codes.createLink(ADMIN, { who: 'vahti up', address: '' });
    if (!made.ok) return err(made.error.message);
    const { code, expires } = made.value;
    return ok({
      text: `page: ${address}/login?code=${code}  (once, 5 minutes; another: ${another})`,
      until: expires,
      then: `page: ${address}  (a link that logs in: ${another})`,
    });
  } catch (thrown) {
    if (thrown instanceof DatabaseError) return err(thrown.message);
    throw thrown;
  } finally {
    opened.value.close();
  }
}

/** Calls back once, when the hub of this machine is ready for the first time. */
export function whenHubIsReady(
  plan: Plan,
  ready: (hub: PlannedHub) => void,
): (records: readonly StoredRecord[]) => void {
  const hub = hubOf(plan);
  const name = plan.services.find(({ kind }) => kind === 'hub')?.name;
  let isTold = hub === undefined;
  return (records) => {
    if (isTold || hub === undefined || !records.some((record) => isReady(record, name))) return;
    isTold = true;
    ready(hub);
  };
}

function isReady({ kind, service, fields }: StoredRecord, name: string | undefined): boolean {
  return kind === 'flip' && service === name && fields?.['subject'] === 'ready' && fields['to'] === 'ready';
}
