import type { ChannelState } from './channel-state.ts';
import { freshChannel } from './channel-state.ts';
import { composeDigest } from './digest.ts';
import { nextDigest } from './digest-times.ts';
import { foldDigests } from './fold-jobs.ts';
import type { FoldPlan } from './fold.ts';
import type { NotifierDeps, NotifierSettings } from './notifier-options.ts';
import { newRow } from './outbox-row.ts';

const LOOK_MS = 60_000;

export interface DueDigests {
  readonly plans: readonly FoldPlan[];
  /** The channels that changed. */
  readonly channels: readonly ChannelState[];
  readonly againMs: number;
}

/** The digests whose time has come, and when the next one is due. One that was missed while the daemon was down comes once, late. */
export function dueDigests(
  { channels }: NotifierSettings,
  states: ReadonlyMap<string, ChannelState>,
  deps: NotifierDeps,
): DueDigests {
  const now = deps.clock.now();
  const plans: FoldPlan[] = [];
  const changed: ChannelState[] = [];
  let againMs = LOOK_MS;
  for (const [name, { digest }] of channels) {
    const state = states.get(name) ?? freshChannel(name);
    const times = digest === undefined ? '' : JSON.stringify(digest);
    if (digest === undefined || state.digest !== times || state.digestAt === null) {
      const digestAt = digest === undefined ? null : nextDigest(digest, now);
      if (state.digest !== times || state.digestAt !== digestAt)
        changed.push({ ...state, digest: times, digestAt });
      continue;
    }
    if (state.digestAt <= now) {
      plans.push(digestPlan(name, deps, now));
      changed.push({ ...state, digestAt: nextDigest(digest, now) });
    } else againMs = Math.min(againMs, state.digestAt - now);
  }
  return { plans, channels: changed, againMs };
}

function digestPlan(channel: string, deps: NotifierDeps, now: number): FoldPlan {
  const { outbox, host, store, silences, policyOf } = deps;
  const id = outbox.newId();
  const notice = composeDigest({
    id,
    host,
    now,
    outbox,
    store,
    silences: silences(),
    channel,
    isTold: ({ service, watch }) => policyOf(service, watch).channels.includes(channel),
  });
  const base = { id, channel, class: 'digest', event: 'digest', place: outbox.nextPlace(), at: now } as const;
  const row = newRow({ ...base, notice, title: notice.title });
  return { rows: [row], folded: foldDigests(outbox.pending(channel), row), moved: [] };
}
