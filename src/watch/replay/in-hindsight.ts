import type { Hindsight, Reading } from '../kind.ts';
import type { KeptEvent } from '../looks/look.ts';

/** So many looks wait for one that settles them. */
const MOST_WAITING = 10_000;

/** What a watch saw, with what later looks show of earlier ones; in the same order. */
export function* inHindsight(
  events: Iterable<KeptEvent>,
  hindsight: Hindsight<Reading> | undefined,
): Generator<KeptEvent, void> {
  if (hindsight === undefined) return yield* events;
  let waiting: KeptEvent[] = [];
  for (const event of events) {
    const later = event.kind === 'look' ? event.reading : undefined;
    const isOver = event.kind === 'opened' || waiting.length >= MOST_WAITING;
    let settled = 0;
    for (const each of waiting) {
      const mended =
        isOver || later !== undefined ? settle(each, isOver ? undefined : later, hindsight) : undefined;
      if (mended === undefined) break;
      settled += 1;
      yield mended;
    }
    waiting = [...waiting.slice(settled), event];
    if (waiting.length === 1 && !isInDoubt(event, hindsight)) {
      waiting = [];
      yield event;
    }
  }
  for (const each of waiting) yield settle(each, undefined, hindsight) ?? each;
}

function isInDoubt(event: KeptEvent, hindsight: Hindsight<Reading>): boolean {
  return event.kind === 'look' && event.reading !== undefined && hindsight.isInDoubt(event.reading);
}

/** Undefined where it is to wait. */
function settle(
  event: KeptEvent,
  later: Reading | undefined,
  hindsight: Hindsight<Reading>,
): KeptEvent | undefined {
  if (event.kind !== 'look' || event.reading === undefined || !hindsight.isInDoubt(event.reading))
    return event;
  const reading = hindsight.settle(event.reading, later);
  return reading === undefined ? undefined : { ...event, reading };
}
