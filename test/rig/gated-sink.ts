import { createGate, type Notice, type OnReset } from '../../src/collect/gate.ts';
import type { Passed, PendingGap } from '../../src/collect/pending.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { StreamPosition, StreamSink } from '../../src/core/source.ts';
import { until } from './wait.ts';

/** What a collector would have taken and written, with the real judgement of what is new and what is missing. */
export interface GatedSink<Line> extends StreamSink {
  /** The lines, parsed. */
  readonly lines: readonly Line[];
  readonly gaps: readonly PendingGap[];
  readonly notices: readonly Notice[];
  /** How many epochs began. */
  epochs(): number;
  /** How many went to the quarantine. */
  quarantined(): readonly Uint8Array[];
  repeated(): number;
  fill(): void;
  empty(): void;
  gather(count: number): Promise<readonly Line[]>;
  /** Waits for a notice of this kind, or for so many. */
  heard(kind: Notice['kind'], count?: number): Promise<readonly Notice[]>;
}

export interface GatedOptions {
  readonly position?: StreamPosition;
  readonly marks?: Readonly<Record<string, string>>;
  readonly dense?: boolean;
  readonly onReset?: OnReset;
}

export function createGatedSink<Line>(options: GatedOptions = {}): GatedSink<Line> {
  const { position = 'oldest', marks = {}, dense = true, onReset = 'oldest' } = options;
  const lines: Line[] = [];
  const gaps: PendingGap[] = [];
  const raw: Uint8Array[] = [];
  const notices: Notice[] = [];
  let epochs = 0;
  let repeated = 0;
  let full = false;
  let room: (() => void)[] = [];
  const add = (item: Passed): void => {
    if ('gap' in item) gaps.push(item.gap);
    else if ('epoch' in item) epochs += 1;
    else if ('raw' in item) raw.push(item.raw);
    else
      for (const { head, tail } of item.event.lines)
        lines.push(JSON.parse(`${head}2026-07-04T00:00:00.000Z${tail}`) as Line);
  };
  const notice = (heard: Notice): void => void notices.push(heard);
  const gate = createGate({ clock: systemClock, position, marks, latest: 0, dense, onReset, notice }, add);
  return {
    lines,
    gaps,
    notices,
    epochs: () => epochs,
    quarantined: () => raw,
    repeated: () => (repeated += gate.takeRepeated()),
    fill() {
      full = true;
    },
    empty() {
      full = false;
      for (const go of room) go();
      room = [];
    },
    gather: (count) =>
      until(() => (lines.length >= count ? lines : undefined), {
        what: `${count} lines, not ${lines.length}`,
      }),
    heard: (kind, count = 1) =>
      until(
        () => {
          const found = notices.filter((each) => each.kind === kind);
          return found.length >= count ? found : undefined;
        },
        { what: `${count} times "${kind}"` },
      ),
    take(message) {
      gate.pass(message);
      return !full;
    },
    drained: () => (full ? new Promise((resolve) => room.push(resolve)) : Promise.resolve()),
    position: gate.position,
    marks: gate.marks,
  };
}
