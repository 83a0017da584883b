import { createRouter, type Router } from './engine/routing.ts';
import { groupWord } from './inbox/groups.ts';
import type { AgainLedger } from './ledger/again.ts';
import type { LedgerReader } from './ledger/ledger.ts';
import type { InboxFile } from './ledger/types.ts';
import type { PipelinePlan } from './plan.ts';

/** Files in one transaction. */
const AT_ONCE = 500;

/**
 * Lets files go on that failed before their first step, as they are: a person has looked at them. Members of one group among them go
 * on together. Answers with how many those were; others are left.
 */
export async function goOn(
  ledger: AgainLedger & Pick<LedgerReader, 'untasked'>,
  plan: PipelinePlan,
  ids: readonly number[],
  now: number,
): Promise<number> {
  const router = createRouter(plan);
  let count = 0;
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const files = await ledger.untasked(ids.slice(at, at + AT_ONCE), AT_ONCE);
    count += await ledger.again(
      files.map((file) => ({ id: file.id, drafts: draftsOf(plan, router, file) })),
      now,
    );
  }
  return count;
}

function draftsOf(plan: PipelinePlan, router: Router, { origin, path }: InboxFile) {
  const inbox = plan.inboxes.find(({ name }) => name === origin);
  if (inbox === undefined || inbox.reference) return [];
  const word = inbox.group === undefined ? undefined : groupWord(inbox.group, path);
  return router.arrivals(origin, path, word);
}
