import type { Vote } from './votes.ts';

/** What becomes of votes, in the order of the files. */
export interface VoteSink {
  /** @param fresh whether a run of numbers begins with it, away from those before. */
  trusted(vote: Vote, fresh: boolean): void;
  suspicious(vote: Vote): void;
}

export interface JumpGuard {
  judged(vote: Vote, trusted: boolean, reach: number): void;
  end(): void;
}

/** One commit can forge so many votes. */
const COMMIT_VOTES = 200;
/** More votes than this are not kept back. */
const MOST_KEPT = 5_000;

interface Kept {
  readonly vote: Vote;
  readonly trusted: boolean;
}

/**
 * Lets numbers jump, up or down, only when more commits say so than one sender's commit can forge, without the numbers going
 * on as before meanwhile. Until then those votes are kept back; if it does not come to that they are suspicious.
 */
export function createJumpGuard(sink: VoteSink): JumpGuard {
  let at = Number.NaN;
  let lastReach = 0;
  let kept: Kept[] = [];
  let keptAt = Number.NaN;
  let keptTrusted = 0;

  const drop = (): void => {
    for (const { vote } of kept) sink.suspicious(vote);
    kept = [];
    keptTrusted = 0;
  };
  const accept = (): void => {
    let fresh = true;
    for (const { vote, trusted } of kept) {
      if (trusted) sink.trusted(vote, fresh);
      else sink.suspicious(vote);
      if (trusted) fresh = false;
    }
    kept = [];
    keptTrusted = 0;
    at = keptAt;
  };
  const keep = (vote: Vote, trusted: boolean): void => {
    kept.push({ vote, trusted });
    if (trusted) {
      keptAt = vote.seq;
      keptTrusted += 1;
    }
    if (keptTrusted > COMMIT_VOTES) accept();
    else if (kept.length > MOST_KEPT) drop();
  };

  return {
    judged(vote, trusted, reach) {
      if (!trusted) {
        if (kept.length > 0) keep(vote, false);
        else sink.suspicious(vote);
        return;
      }
      const near = Math.max(reach, lastReach);
      lastReach = reach;
      if (Math.abs(vote.seq - at) <= near) {
        drop();
        at = vote.seq;
        sink.trusted(vote, false);
        return;
      }
      if (keptTrusted > 0 && Math.abs(vote.seq - keptAt) > near) drop();
      keep(vote, true);
    },
    end() {
      // In so small a folder there is nothing else to go by.
      if (Number.isNaN(at) && keptTrusted > 0) accept();
      else drop();
    },
  };
}
