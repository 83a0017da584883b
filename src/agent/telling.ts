import type { Clock, Timer } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';

/** How it stands with the hub, as people are told. */
export type Standing = 'connected' | 'away' | 'denied' | 'refused';

/** What lasts shorter than this is not told: a connection that comes and goes makes no lines. Milliseconds. */
const SETTLE_MS = 10_000;

export interface Telling {
  /** @param why a clause. */
  stands(standing: Standing, why: string): void;
  /** Something that happens once. */
  note(message: string, level: number, fields?: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** One line of the time line for each change that lasts, whatever happens how often. */
export function createTelling(
  hub: string,
  clock: Clock,
  records: (drafts: readonly RecordDraft[]) => void,
): Telling {
  let told: Standing | undefined;
  let now: { readonly standing: Standing; why: string; readonly since: number } | undefined;
  let timer: Timer | undefined;
  const note: Telling['note'] = (message, level, fields) =>
    records([
      { ...ABOUT, time: clock.micros(), level, message, ...(fields === undefined ? {} : { fields }) },
    ]);
  const tell = (): void => {
    if (now === undefined || now.standing === told) return;
    const { standing, why, since } = now;
    const before = told;
    told = standing;
    const forMs = clock.monotonic() - since;
    const [message, level] = sentenceOf(standing, { hub, why, before, forMs });
    note(message, level);
  };
  return {
    stands(standing, why) {
      if (now?.standing === standing) {
        now.why = why;
        return;
      }
      now = { standing, why, since: clock.monotonic() };
      timer?.cancel();
      timer = undefined;
      if (standing === told) return;
      // The first connection is told at once; so is a token that is not taken, which does not pass by itself.
      if (standing === 'denied' || (told === undefined && standing === 'connected')) tell();
      else timer = clock.timer(SETTLE_MS, tell);
    },
    note,
    close: () => timer?.cancel(),
  };
}

const ABOUT = { service: '', life: '', kind: 'note', sender: 'agent' } as const;

interface Facts {
  readonly hub: string;
  readonly why: string;
  readonly before: Standing | undefined;
  readonly forMs: number;
}

function sentenceOf(standing: Standing, { hub, why, before, forMs }: Facts): [string, number] {
  const long = approximateDuration(forMs);
  switch (standing) {
    case 'connected':
      return [
        `${before === undefined ? 'ships' : 'ships again'} the time line to ${hub} ${why}`,
        LEVELS.info,
      ];
    case 'away':
      return [`cannot reach the hub ${hub} for ${long}: ${why}; records wait here`, LEVELS.warn];
    case 'denied':
      return [`cannot ship the time line to ${hub}: ${why}; it is tried again each minute`, LEVELS.error];
    case 'refused':
      return [`the hub ${hub} takes no records for ${long}: ${why}; they wait here`, LEVELS.warn];
  }
}
