import type { Clock } from '../core/clock.ts';
import type { RecordDraft } from '../core/record.ts';
import {
  type Aftermath,
  beginAftermath,
  followService,
  followWatch,
  type Outcome,
  overtaken,
} from './aftermath.ts';
import type { Judgement } from './judgement.ts';
import type { WatchedService } from './watched-service.ts';
import { aftermathRecord } from './wording.ts';

/** Follows the last restart of a service by its watches until it is known what became of the new life, and tells that once. */
export interface Restarts {
  /** The one that is followed, to be kept; undefined where there is none. */
  readonly open: Aftermath | undefined;
  /** A watch ends a life for another one. */
  begin(watch: string, life: string): void;
  /** The life that was to end goes on: there is nothing to follow. */
  refused(life: string): void;
  /** The service may be another one than it was. */
  serviceChanged(): void;
  /** A watch knows how the new life does. */
  found(watch: string, life: string, how: 'ok' | 'failing', judgement: Judgement): void;
}

export interface RestartsDeps {
  readonly service: WatchedService;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly restored: Aftermath | undefined;
  /** Called where `open` is another one. */
  readonly save: () => void;
}

export function createRestarts({ service, clock, records, restored, save }: RestartsDeps): Restarts {
  let open = restored;
  const conclude = ({ watch }: Aftermath, outcome: Outcome): void => {
    open = undefined;
    save();
    records([aftermathRecord({ time: clock.micros(), service: service.name, watch }, outcome)]);
  };
  return {
    get open() {
      return open;
    },
    begin(watch, life) {
      if (open !== undefined) conclude(open, overtaken(open, watch, clock.now()));
      open = beginAftermath(watch, life, clock.now());
      save();
    },
    refused(life) {
      if (open?.over === life && open.life === null) open = undefined;
    },
    serviceChanged() {
      if (open === undefined) return;
      const { aftermath, outcome } = followService(open, service.snapshot(), clock.now());
      if (outcome !== undefined) return conclude(aftermath, outcome);
      if (aftermath === open) return;
      open = aftermath;
      save();
    },
    found(watch, life, how, judgement) {
      if (open?.watch === watch && open.life === life)
        conclude(open, followWatch(open, how, judgement, clock.now()));
    },
  };
}
