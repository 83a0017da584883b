import type { InboxPlan } from '../plan.ts';
import type { Pending } from './pending.ts';
import { isSteady } from './settling.ts';

/** What a look shows beside the file itself. */
export interface LookFacts {
  readonly now: number;
  /** Its marker is there. */
  readonly isMarked: boolean;
  /** It was seen to come by a rename, and to be left alone since. */
  readonly cameWhole: boolean;
}

/** Whether a file is whole, as far as one can tell from outside. */
export function isWhole(
  file: Pick<Pending, 'steadiness' | 'before'>,
  { settle, marker }: Pick<InboxPlan, 'settle' | 'marker'>,
  { now, isMarked, cameWhole }: LookFacts,
): boolean {
  const steady = isSteady(file.steadiness, now, settle);
  // The marker of what came before under this name may still be there.
  if (marker !== undefined) return isMarked && (file.before === undefined || steady);
  return cameWhole || steady;
}

/** What is to be done next with a file. */
export type Course =
  | { readonly kind: 'settle'; readonly due: number }
  | { readonly kind: 'wait'; readonly why: 'marker' | 'delay' | 'gate'; readonly due: number }
  /** Ask for its checksum, its gate, or the others of its group. */
  | { readonly kind: 'hash' }
  | { readonly kind: 'gate' }
  | { readonly kind: 'group' }
  | { readonly kind: 'ready' }
  /** It has the content that was taken before. */
  | { readonly kind: 'known' }
  | { readonly kind: 'ignore'; readonly why: string }
  | { readonly kind: 'fail'; readonly why: string };

type CoursePlan = Pick<InboxPlan, 'settle' | 'marker' | 'hash' | 'delay' | 'gate' | 'group' | 'on-same-name'>;

/** The next thing to be done with a file: each stands before the one after it. */
export function courseOf(file: Pending, plan: CoursePlan, now: number): Course {
  if (file.settledAt === undefined)
    return plan.marker === undefined
      ? { kind: 'settle', due: file.steadiness.since + plan.settle }
      : {
          kind: 'wait',
          why: 'marker',
          due: file.before === undefined ? Infinity : settleDue(file, plan, now),
        };
  if (plan.hash && file.sha256 === undefined) return { kind: 'hash' };
  const verdict = sameName(file, plan);
  if (verdict !== undefined) return verdict;
  const goes = file.came + plan.delay;
  if (now < goes) return { kind: 'wait', why: 'delay', due: goes };
  if (plan.gate !== undefined && file.gate !== 'open') {
    if (file.gate === 'unasked' || now >= file.gate.closedUntil) return { kind: 'gate' };
    return { kind: 'wait', why: 'gate', due: file.gate.closedUntil };
  }
  return { kind: plan.group === undefined ? 'ready' : 'group' };
}

/** A file that is steady waits for its marker alone. */
function settleDue({ steadiness }: Pending, { settle }: CoursePlan, now: number): number {
  const due = steadiness.since + settle;
  return due > now ? due : Infinity;
}

function sameName({ before, sha256 }: Pending, plan: CoursePlan): Course | undefined {
  if (before === undefined) return undefined;
  if (sha256 !== undefined && before.sha256 === sha256) return { kind: 'known' };
  const policy = plan['on-same-name'];
  if (policy === 'rerun') return undefined;
  const why = 'its name was there before with other content';
  return { kind: policy === 'ignore' ? 'ignore' : 'fail', why };
}

/** What waits is looked at when its time comes; how a stage is called in the ledger. */
export function stateOf(course: Course): { readonly state: 'settling' | 'waiting'; readonly why?: string } {
  switch (course.kind) {
    case 'settle':
      return { state: 'settling' };
    case 'wait':
      return { state: 'waiting', why: course.why };
    case 'hash':
      return { state: 'waiting', why: 'checksum' };
    case 'gate':
      return { state: 'waiting', why: 'gate' };
    default:
      return { state: 'waiting', why: 'group' };
  }
}
