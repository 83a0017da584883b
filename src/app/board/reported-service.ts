import { addressText } from '../../core/address.ts';
import { joinWords } from '../../core/words.ts';
import type { CollectFigures } from '../../collect/gauges.ts';
import { STARTS_IN_WINDOW } from '../../run/lanes.ts';
import { needText } from '../../run/needs.ts';
import type { WatchFigures } from '../../watch/watch-figures.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import type { ReportedPipeline } from '../../wire/page/pipeline.ts';
import type { ReportedService, ReportedSilence, ReportedWatch } from '../../wire/page/report.ts';
import type { HeldSilence } from '../holding-back.ts';
import type { PlannedService } from '../plan.ts';
import type { Supervised } from '../supervision.ts';
import { type Sinces, standOf } from './condition.ts';
import { cut, cutName, cutOr } from './cut.ts';
import { pipelineFigures } from './reported-pipeline.ts';
import { watchFigure } from './watch-figure.ts';

/** What is measured of a life of a service now and then. */
export interface Measured {
  readonly life: string | null;
  /** Bytes of its process tree; undefined where that cannot be seen. */
  readonly memory: number | undefined;
  /** Of a collector that answers. */
  readonly collect: CollectFigures | undefined;
  /** Whichever life it is: it is about files. */
  readonly pipeline?: ReportedPipeline | undefined;
}

export const NOT_MEASURED: Measured = { life: null, memory: undefined, collect: undefined };

/** A service as the hub is told of it. @param boot whether it starts with the daemon. @param now wall milliseconds. */
export function reportService(
  { planned, service, watches: seen, silences }: Omit<Supervised, 'boot'>,
  measured: Measured,
  boot: boolean,
  sinces: Sinces,
  now: number,
): ReportedService {
  const snapshot = service.snapshot();
  const { watches } = seen();
  const stand = standOf(snapshot, watches);
  const { lastExit, lane, failures, state } = snapshot;
  // What was measured of the life before says nothing of this one.
  const ofLife = state === 'running' && measured.life === snapshot.life ? measured : NOT_MEASURED;
  return {
    name: cutName(planned.name),
    kind: planned.kind,
    about: cut(aboutOf(planned)),
    state,
    condition: stand.condition,
    trouble: cut(stand.trouble),
    since: sinces.of(planned.name, stand, now),
    stateSince: snapshot.since,
    wanted: snapshot.wanted,
    boot,
    ready: snapshot.ready,
    life: snapshot.life === null ? null : cutName(snapshot.life),
    pid: snapshot.pid,
    startedAt: snapshot.startedAt,
    waitsFor: snapshot.waitsFor.map(cut),
    needs: planned.needs.map((need) => cutName(needText(need))),
    lane,
    failures,
    starts: snapshot.startsInWindow,
    mostStarts: STARTS_IN_WINDOW,
    nextStartAt: snapshot.nextStartAt,
    lastExit:
      lastExit === null ? null : { at: lastExit.at, text: cut(lastExit.message), level: lastExit.level },
    watches: watches.map(reportWatch),
    silences: silences(now).map(reportSilence),
    figures: figuresOf(watches, ofLife, measured.pipeline, now),
    stream: streamOf(ofLife.collect),
    ...(measured.pipeline === undefined ? {} : { pipeline: measured.pipeline }),
  };
}

/** What it is, in a line: its command, its stream, its unit. */
function aboutOf({
  argv,
  collect,
  hub,
  unit,
  pipeline,
}: Pick<PlannedService, 'argv' | 'collect' | 'hub' | 'unit' | 'pipeline'>): string {
  if (unit !== undefined) return unit;
  if (pipeline !== undefined) return pipelineText(pipeline);
  if (hub !== undefined) return `listens on ${addressText(hub)}`;
  if (collect === undefined) return joinWords(argv);
  return typeof collect.from === 'string' ? withoutSecret(collect.from) : joinWords(collect.from);
}

/** From where to where. */
function pipelineText({ inboxes, steps, products }: PipelinePlan): string {
  const roots = inboxes.filter(({ reference }) => !reference).map(({ root }) => root);
  return `${joinWords(roots)} → ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} → ${products}`;
}

/** An address without what may be a password in it. */
function withoutSecret(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*@/i, '$1…@');
}

function reportWatch(watch: WatchFigures): ReportedWatch {
  const { name, kind, state, since, value, reason, lookedAt, dueAt, nextLookAt, nextAction } = watch;
  return {
    name: cutName(name),
    kind,
    state,
    since,
    value: cutOr(value),
    reason: cutOr(reason),
    lookedAt,
    dueAt,
    nextLookAt,
    nextAction: nextAction === null ? null : { what: cut(nextAction.what), at: nextAction.at },
  };
}

function reportSilence({ by, why, who, until, watch }: HeldSilence): ReportedSilence {
  return { by, why: cut(why), who: cut(who), until, watch: watch === null ? null : cutName(watch) };
}

/** A figure that is not known is not there. */
function figuresOf(
  watches: readonly WatchFigures[],
  { memory, collect }: Measured,
  pipeline: ReportedPipeline | undefined,
  now: number,
): Record<string, number> {
  const figures: Record<string, number> = pipeline === undefined ? {} : pipelineFigures(pipeline, now);
  if (memory !== undefined) figures['memory'] = memory;
  if (collect !== undefined) {
    figures['rate'] = Math.round(collect.lineRate * 100) / 100;
    if (collect.lag !== null) figures['lag'] = Math.round(collect.lag);
  }
  for (const watch of watches) {
    const value = watchFigure(watch);
    if (value === undefined) continue;
    figures[`watch:${watch.name}`.slice(0, 120)] = value;
    if (watch.kind === 'backlog') figures['backlog'] = Math.max(figures['backlog'] ?? 0, value);
  }
  return figures;
}

function streamOf(collect: CollectFigures | undefined): ReportedService['stream'] {
  if (collect === undefined) return null;
  const { connection, trouble, cursor } = collect;
  return { connection, trouble: cutOr(trouble), cursor };
}
