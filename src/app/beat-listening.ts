import type { Clock, Timer } from '../core/clock.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import { type BeatListener, listenForBeats } from '../watch/beats/listener.ts';
import type { Beats } from './beats.ts';
import type { PlannedBeats } from './plan.ts';

/** Where nobody can listen now, somebody may later: another process has the port, an address is not there yet. */
const RETRY_MS = 5000;

/** The listener for beats, as the plan wants it. */
export interface BeatListening {
  /** Listens there from now on (nowhere without it), and goes on trying where that cannot be. Resolves after the first try. */
  change(wanted: PlannedBeats | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface BeatListeningOptions {
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly beats: Beats;
  /** The life of a service that runs now. */
  readonly lifeOf: (service: string) => string | null;
}

export function createBeatListening({ clock, records, beats, lifeOf }: BeatListeningOptions): BeatListening {
  let wanted: PlannedBeats | undefined;
  let listener: BeatListener | undefined;
  let timer: Timer | undefined;
  let told = false;
  /** One change after another. */
  let turn = Promise.resolve();

  const say = (level: number, message: string): void =>
    records([{ time: clock.micros(), service: '', life: '', kind: 'note', level, sender: 'beats', message }]);

  const begin = async (): Promise<void> => {
    if (wanted === undefined || listener !== undefined) return;
    const { host, port, url } = wanted;
    const listening = await listenForBeats({ host, port }, (token, signal) => {
      const target = beats.find(token);
      if (target === undefined) return 'unknown';
      const taken = beats.take(target, signal, lifeOf(target.service));
      return taken.ok ? 'taken' : taken.error.kind;
    });
    if (listening.ok) {
      listener = listening.value;
      told = false;
      return say(LEVELS.info, `listens for beats at ${url}`);
    }
    if (!told) say(LEVELS.error, `${listening.error}; it is tried again every ${RETRY_MS / 1000} s`);
    told = true;
    timer = clock.timer(RETRY_MS, () => {
      turn = turn.then(begin);
    });
  };
  const end = async (): Promise<void> => {
    timer?.cancel();
    await listener?.close();
    listener = undefined;
    told = false;
  };

  return {
    change(next) {
      turn = turn.then(async () => {
        const isSame = next?.host === wanted?.host && next?.port === wanted?.port;
        wanted = next;
        if (isSame) return;
        const listened = listener !== undefined;
        await end();
        if (listened && next === undefined) say(LEVELS.info, 'does not listen for beats any more');
        await begin();
      });
      return turn;
    },
    close() {
      turn = turn.then(async () => {
        wanted = undefined;
        await end();
      });
      return turn;
    },
  };
}
