import * as v from 'valibot';
import { BAR_RANGES, type BarRange } from '../../wire/page/board.ts';
import { type Report, report } from '../../wire/page/report.ts';
import { type AgentState, wholeReport } from './agent-state.ts';
import { HOURS, MINUTES, rowAt } from './figures.ts';
import { CUTS } from './letters.ts';
import type { Present } from './present.ts';
import { WIDTH } from './ring.ts';
import { type BoardStore, ENTRY } from './store.ts';
import { isKnown, type Track, type Tracks } from './tracks.ts';

/** What is in memory, and where it is kept. */
export interface Remembered {
  readonly store: BoardStore;
  readonly present: Present;
  readonly tracks: Tracks;
}

/** An agent that is not connected for so long is forgotten. */
const FORGET_MS = 100 * 86_400_000;

/** @param now wall milliseconds. Throws a DatabaseError. */
export function loadAll({ store, present, tracks }: Remembered, now: number): void {
  for (const { name, heard, since, report: json } of store.agents()) {
    const said = readReport(json);
    if (said !== undefined) present.put(name, { heard, since }, said);
  }
  const byId = new Map(store.services().map(({ id, agent, name }) => [id, tracks.put(id, agent, name)]));
  for (const range of BAR_RANGES) {
    const { step, kept } = CUTS[range];
    const slot = Math.floor(now / step);
    for (const { at, data } of store.slots(step, (slot - kept + 1) * step, (slot + 1) * step))
      for (let index = 0; index < data.length; index += ENTRY)
        byId
          .get(data[index] ?? 0)
          ?.bars.rings[range].put(Math.floor(at / step), data.subarray(index + 1, index + ENTRY));
  }
  for (const { id, figures } of byId.values()) {
    const hour = rowAt(MINUTES, now);
    for (const row of store.figures(id, MINUTES, hour - 3_600_000, hour + 1)) figures.put(MINUTES, row);
    const day = rowAt(HOURS, now);
    for (const row of store.figures(id, HOURS, day, day + 1)) figures.put(HOURS, row);
  }
}

/** It was written by an older hub, perhaps: what cannot be read is as what was never said. */
function readReport(json: string): Report | undefined {
  try {
    const read = v.safeParse(report, JSON.parse(json));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stores what is not stored yet, all of it or nothing. Throws a DatabaseError.
 * @param turn stores the figures of each `turns`-th service only, and reports only where more than figures changed; undefined: everything.
 */
export function saveAll(
  { store, present, tracks }: Remembered,
  { now, turn, turns }: { readonly now: number; readonly turn: number | undefined; readonly turns: number },
): void {
  const isTurn = (number: number): boolean => turn === undefined || number % turns === turn;
  const agents = [...present.agents.values()].filter(
    ({ unstored }, index) => unstored === 'all' || (unstored === 'figures' && isTurn(index)),
  );
  const withFigures = [...tracks.all()].filter(({ id }) => isTurn(id));
  store.change(() => {
    for (const track of tracks.dropped) store.dropService(track.id);
    for (const track of tracks.begun) store.addService(track);
    for (const state of agents) saveAgent(store, state, now);
    for (const range of BAR_RANGES)
      for (const slot of tracks.touched[range]) saveSlot(store, tracks, range, slot);
    for (const track of withFigures) saveFigures(store, track, now);
  });
  for (const { figures } of withFigures) figures.stored();
  for (const state of agents) state.unstored = 'nothing';
  for (const range of BAR_RANGES) tracks.touched[range].clear();
  tracks.dropped.clear();
  tracks.begun.clear();
}

function saveAgent(store: BoardStore, state: AgentState, now: number): void {
  const { name, heardAt, connected, since } = state;
  const json = JSON.stringify(wholeReport(state));
  store.saveAgent({ name, heard: heardAt, since: connected ? (heardAt ?? now) : since, report: json });
}

function saveSlot(store: BoardStore, tracks: Tracks, range: BarRange, slot: number): void {
  const data = new Uint32Array(tracks.size * ENTRY);
  let end = 0;
  for (const { id, bars } of tracks.all()) {
    const ring = bars.rings[range];
    const begin = ring.find(slot);
    if (begin === -1) continue;
    data[end++] = id;
    for (let index = 0; index < WIDTH; index++) data[end++] = ring.amounts[begin + index] ?? 0;
  }
  const { step } = CUTS[range];
  store.saveSlot(step, { at: slot * step, data: data.subarray(0, end) });
}

function saveFigures(store: BoardStore, { id, figures }: Track, now: number): void {
  for (const { step, at, columns } of figures.unstored()) {
    store.saveFigures(id, step, { at, columns });
    store.trimFigures(id, step, now - step.keepMs);
  }
}

/** Forgets what is too old. Throws a DatabaseError. @param now wall milliseconds. */
export function prune({ store, present, tracks }: Remembered, now: number): void {
  for (const { name, connected, since } of present.agents.values())
    if (!connected && now - since > FORGET_MS) {
      store.dropAgent(name);
      present.drop(name);
    }
  for (const track of tracks.all()) {
    const isThere = present.agents.get(track.agent)?.services.has(track.name) === true;
    if (!isThere && !isKnown(track, now)) tracks.drop(track);
  }
  for (const range of BAR_RANGES) {
    const { step, kept } = CUTS[range];
    const slot = Math.floor(now / step);
    store.trimSlots(step, (slot - kept + 1) * step, (slot + 1) * step);
  }
}
