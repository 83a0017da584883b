import { createColumns } from '../../../src/hub/board/columns.ts';
import { type FigureStep, HOURS, MINUTES, rowAt } from '../../../src/hub/board/figures.ts';
import { CUTS } from '../../../src/hub/board/letters.ts';
import { WIDTH } from '../../../src/hub/board/ring.ts';
import { type BoardStore, openBoardStore } from '../../../src/hub/board/store.ts';
import { BAR_RANGES } from '../../../src/wire/page/board.ts';
import { CONDITIONS, type Condition, type ReportedService } from '../../../src/wire/page/report.ts';
import type { FleetAgent } from './fleet.ts';
import { createRandom, type Random } from './random.ts';

/** What a hub would remember of a fleet, had it been there for 90 days. */

interface Known {
  readonly id: number;
  readonly service: ReportedService;
}

const DAY = 86_400_000;

/**
 * Writes `board.db` into the folder of a hub that does not run.
 * @param minutesMs how far back figures are known by the minute.
 */
export function writeHistory(
  folder: string,
  fleet: readonly FleetAgent[],
  now: number,
  minutesMs = DAY,
): void {
  const opened = openBoardStore(folder, { now, note: () => {} });
  if (!opened.ok) throw new Error(opened.error);
  const store = opened.value;
  const known: Known[] = [];
  store.change(() => {
    for (const { agent, services } of fleet)
      for (const service of services) {
        known.push({ id: known.length + 1, service });
        store.addService({ id: known.length, agent, name: service.name });
      }
    writeSlots(store, known, now);
    for (const each of known) {
      writeFigures(store, each, MINUTES, now - minutesMs, now);
      writeFigures(store, each, HOURS, now - 30 * DAY, now);
    }
  });
  store.close();
}

function writeSlots(store: BoardStore, known: readonly Known[], now: number): void {
  for (const range of BAR_RANGES) {
    const { step, kept } = CUTS[range];
    const last = Math.floor(now / step);
    for (let slot = last - kept + 1; slot <= last; slot++) {
      const entries: number[] = [];
      for (const each of known) entries.push(each.id, ...amountsOf(each, range, slot * step, step, now));
      store.saveSlot(step, { at: slot * step, data: Uint32Array.from(entries) });
    }
  }
}

/** Milliseconds of each condition, and exits. A service has been in trouble now and then, a few slots in a row, and is so now as it says. */
function amountsOf({ id, service }: Known, range: string, at: number, step: number, now: number): number[] {
  const amounts = Array.from({ length: WIDTH }, () => 0);
  const put = (condition: Condition, ms: number): void => {
    const index = CONDITIONS.indexOf(condition);
    amounts[index] = (amounts[index] ?? 0) + Math.round(ms);
  };
  // Some services are young.
  if (id % 9 === 4 && now - at > (range === '24h' ? DAY / 2 : 40 * DAY)) return amounts;
  const passed = Math.min(step, now - at);
  const random = createRandom(id * 7919 + Math.floor(at / step / 3));
  const was = random.next() < 0.96 ? 'ok' : random.of(['late', 'bad', 'bad', 'unknown', 'stopped'] as const);
  const since = Math.max(at, Math.min(service.since, now));
  const own = service.condition === 'ok' ? 0 : Math.max(0, at + passed - since);
  put(service.condition, own);
  const rest = passed - own;
  const part = was === 'ok' ? 0 : rest * (0.1 + 0.6 * random.next());
  put(was, part);
  put('ok', rest - part);
  if (was === 'bad') amounts[CONDITIONS.length] = 1 + random.below(3);
  return amounts;
}

function writeFigures(
  store: BoardStore,
  { id, service }: Known,
  step: FigureStep,
  from: number,
  now: number,
): void {
  const names = Object.entries(service.figures);
  const random = createRandom(id);
  const phase = random.next() * 100;
  for (let at = rowAt(step, from); at <= now; at += step.step * step.points) {
    const columns = createColumns(step.points);
    for (let point = 0; point < step.points; point++) {
      const time = at + point * step.step;
      if (time >= now || time < from || isGap(id, time)) continue;
      for (const [name, value] of names) columns.set(name, point, value * swing(time, phase, random));
    }
    if (!columns.isEmpty) store.saveFigures(id, step, { at, columns });
  }
}

/** Days have a shape, and each minute is a little different. */
function swing(time: number, phase: number, random: Random): number {
  const day = Math.sin((time / DAY) * 2 * Math.PI + phase);
  return Math.max(
    0,
    1 + 0.25 * day + 0.12 * Math.sin(time / 1_500_000 + phase) + 0.06 * (random.next() - 0.5),
  );
}

/** Nobody heard anything for twenty minutes, six hours ago or so. */
function isGap(id: number, time: number): boolean {
  return id % 5 === 2 && Math.floor(time / 1_200_000) % 18 === 7;
}
