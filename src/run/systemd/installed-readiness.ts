import type { UnitFacts } from '../../core/units.ts';
import {
  createLifeReadiness,
  type LifeReadiness,
  type Readiness,
  type ReadinessEvent,
} from '../readiness/readiness.ts';
import type { InstalledServiceDeps } from './installed-types.ts';

/**
 * How a life in a unit shows that it is ready. What is looked for from outside, or in its lines, is looked for as everywhere; one
 * that says it by itself says it to systemd, whose unit is `activating` until then.
 */
export interface UnitReadiness {
  /** Whether it has a way to say so. */
  readonly isAsked: boolean;
  /** A life that is known already goes on. */
  begin(life: string, startedAt: number): void;
  heard(line: string, life: string): void;
  looked(facts: UnitFacts): void;
  readyAt(): number | null;
  close(): void;
}

export function createUnitReadiness(
  ready: Readiness | undefined,
  { clock, wasReady }: Pick<InstalledServiceDeps, 'clock' | 'wasReady'>,
  tell: (event: ReadinessEvent, isOld: boolean) => void,
): UnitReadiness {
  let present:
    | { readonly life: string; readonly startedAt: number; readonly watch: LifeReadiness }
    | undefined;
  let readyAt: number | null = null;
  /** The line came before its life was seen. */
  let early: string | undefined;
  const text = ready?.sign.kind === 'line' ? ready.sign.text : undefined;
  const saysItself = ready?.sign.kind === 'fd';
  const seen = (event: ReadinessEvent, at = clock.now(), isOld = false): void => {
    if (event.kind === 'ready') readyAt = at;
    tell(event, isOld);
  };
  const close = (): void => {
    present?.watch.close();
    present = undefined;
    readyAt = null;
  };
  /** Of a life that is older than it may take, the line was not for this daemon: whoever was there before would have ended it. */
  const whenUnheard = (startedAt: number): number | undefined => {
    const { withinMs = null } = ready ?? {};
    return text !== undefined && withinMs !== null && clock.now() - startedAt > withinMs
      ? startedAt + withinMs
      : undefined;
  };
  return {
    isAsked: ready !== undefined,
    begin(life, startedAt) {
      if (present?.life === life) return;
      close();
      if (ready === undefined) return;
      const watch = createLifeReadiness(ready, clock, (event) => seen(event));
      present = { life, startedAt, watch };
      const since = wasReady(life) ?? whenUnheard(startedAt);
      if (since === undefined) {
        watch.begin(null);
        if (early === life && text !== undefined) watch.heard?.(Buffer.from(text));
        return;
      }
      seen({ kind: 'ready', afterMs: Math.max(0, since - startedAt), sign: '' }, since, true);
    },
    heard(line, life) {
      if (present?.life === life) present.watch.heard?.(Buffer.from(line));
      else if (text !== undefined && line.includes(text)) early = life;
    },
    looked({ invocation, active, activeAt }) {
      if (!saysItself || present?.life !== invocation || active !== 'active' || readyAt !== null) return;
      const { startedAt } = present;
      present.watch.close();
      const at = activeAt ?? clock.now();
      seen({ kind: 'ready', afterMs: Math.max(0, at - startedAt), sign: 'READY=1 to systemd' }, at);
    },
    readyAt: () => readyAt,
    close,
  };
}
