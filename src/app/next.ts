import type { WatchFigures } from '../watch/watch-figures.ts';
import { beginsAfter, endsAt } from '../core/windows.ts';
import type { Silences } from './silences.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** Something that will happen. Times are wall milliseconds. */
export interface NextItem {
  readonly at: number;
  readonly kind:
    | 'look'
    | 'action'
    | 'start'
    | 'ready'
    | 'kill'
    | 'quiet-begins'
    | 'quiet-ends'
    | 'snooze-ends'
    | 'job'
    | 'job-late';
  /** Empty where it is about everything. */
  readonly service: string;
  /** Null where it is about the service itself. */
  readonly watch: string | null;
  /** A clause: `restart, unless alive is well by then`. */
  readonly what: string;
}

export interface Next {
  readonly now: number;
  /** In the order of time. */
  readonly items: readonly NextItem[];
  /** Looks of watches that are well and look often: how many there are, and when the next is. */
  readonly routine: { readonly watches: number; readonly at: number | null };
}

/** Knows of things that will happen after `now`. */
export type NextSource = (now: number) => readonly NextItem[];

/** Looks that are rarer are told even where all is well. */
const RARE_MS = 300_000;

/** Says what happens next, of all that is known. @param more sources beside services, watches and silences. */
export function createNext(
  supervision: Pick<Supervision, 'all' | 'holding'>,
  more: readonly NextSource[] = [],
): (now: number) => Next {
  const { silences } = supervision.holding;
  return (now) => {
    const all = supervision.all();
    const looks = all.flatMap(looksOf);
    const sources: readonly NextSource[] = [
      () => all.flatMap((each) => [...ofService(each), ...actionsOf(each)]),
      () => looks.filter(({ isRoutine }) => !isRoutine).map(({ item }) => item),
      (at) => ofWindows(silences, at),
      () => ofSnoozes(silences),
      ...more,
    ];
    const items = sources.flatMap((source) => source(now)).toSorted((a, b) => a.at - b.at);
    const routine = looks.filter(({ isRoutine }) => isRoutine).map(({ item }) => item.at);
    const at = routine.length === 0 ? null : Math.min(...routine);
    return { now, items, routine: { watches: routine.length, at } };
  };
}

/** Starts of lanes, and the deadlines of what begins and ends. */
function ofService({ planned, service }: Supervised): readonly NextItem[] {
  const { state, since, nextStartAt, ready, startedAt } = service.snapshot();
  const item = (at: number, kind: NextItem['kind'], what: string): NextItem[] => [
    { at, kind, service: planned.name, watch: null, what },
  ];
  if (state === 'waiting' && nextStartAt !== null)
    return item(nextStartAt, 'start', 'start, as its lane says');
  if (state === 'stopping')
    return item(since + planned.stopMs, 'kill', 'KILL for what is left of it by then');
  const withinMs = planned.ready?.withinMs ?? null;
  if (state !== 'running' || ready !== false || withinMs === null || startedAt === null) return [];
  return item(startedAt + withinMs, 'ready', 'another life, unless it is ready by then');
}

function actionsOf({ planned, watches }: Supervised): readonly NextItem[] {
  return watches().watches.flatMap(({ name, nextAction }) => {
    if (nextAction === null) return [];
    const what = `${nextAction.what}, unless ${name} is well by then`;
    return [{ at: nextAction.at, kind: 'action', service: planned.name, watch: name, what }];
  });
}

function looksOf({
  planned,
  watches,
}: Supervised): readonly { readonly item: NextItem; readonly isRoutine: boolean }[] {
  const every = new Map(planned.watch?.map(({ name, everyMs }) => [name, everyMs]));
  return watches().watches.flatMap((watch) => {
    const { name, state, verdict, nextLookAt } = watch;
    if (nextLookAt === null) return [];
    const isRoutine = state === 'ok' && verdict === 'ok' && (every.get(name) ?? 0) < RARE_MS;
    const item = {
      at: nextLookAt,
      kind: 'look',
      service: planned.name,
      watch: name,
      what: lookText(watch),
    } as const;
    return [{ item, isRoutine }];
  });
}

function lookText({ name, state, countsFrom, nextLookAt }: WatchFigures): string {
  const grace = countsFrom !== null && nextLookAt !== null && nextLookAt < countsFrom;
  return `look at ${name}, which is ${state}${grace ? '; it does not count yet' : ''}`;
}

function ofWindows(silences: Silences, now: number): readonly NextItem[] {
  return silences.windows().flatMap(({ service, window, why }): NextItem[] => {
    const about = { service: service ?? '', watch: null };
    const end = endsAt(window, now);
    if (end !== undefined) return [{ ...about, at: end, kind: 'quiet-ends', what: `end of quiet: ${why}` }];
    const begin = beginsAfter(window, now);
    return begin === undefined
      ? []
      : [{ ...about, at: begin, kind: 'quiet-begins', what: `begin of quiet: ${why}` }];
  });
}

function ofSnoozes(silences: Silences): readonly NextItem[] {
  return silences.kept().snoozes.map(({ service, watch, until, who, why }) => ({
    at: until,
    kind: 'snooze-ends',
    service: service ?? '',
    watch,
    what: `end of the snooze by ${who}: ${why}`,
  }));
}
