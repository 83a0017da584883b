import type { Clock } from '../../src/core/clock.ts';

/** A hub's end of `/ws`, version 2, without sockets: what it has stored, and what it does wrong. Speaks as docs/hub-protocol.md says. */

/** What happens to the next batch. */
export type Fault =
  | 'none'
  /** The connection breaks before, or after it is stored, unanswered. */
  | 'lost'
  | 'lost-stored'
  | 'later'
  /** No answer ever. */
  | 'mute'
  /** The store goes back to what it was before the last batch: a backup. */
  | 'forgets';

export interface ModelRecord {
  readonly seq: number;
  readonly kind: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface ModelEvents {
  opened(): void;
  text(text: string): void;
  lost(loss: { readonly why: string; readonly isDenied?: boolean }): void;
}

export interface ModelHub {
  /** By series, in the order of storing. */
  readonly stored: ReadonlyMap<string, readonly ModelRecord[]>;
  /** Numbers up to which was acknowledged, by series; they only grow unless it forgets. */
  readonly acked: ReadonlyMap<string, number>;
  readonly dials: number;
  readonly doubled: number;
  /** The largest number of batches that were unanswered at a time. */
  readonly mostWaiting: number;
  faults: Fault[];
  /** Messages that are refused as bad whatever happens. */
  poison: (record: ModelRecord) => boolean;
  /** Undefined: every token is taken. */
  denies: string | undefined;
  user: boolean;
  /** Answers requests; by default `{success: true}`. Undefined: no answer. */
  answer: (request: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> | undefined;
  connect(events: ModelEvents): { send(data: string | Uint8Array): void; close(): void };
  /** Breaks the connections there are. */
  cut(): void;
  push(frame: object): void;
}

const LATENCY_MS = 5;

export function createModelHub(clock: Clock): ModelHub {
  const stored = new Map<string, ModelRecord[]>();
  const acked = new Map<string, number>();
  const open = new Set<ModelConnection>();
  const hub: Mutable = {
    stored,
    acked,
    dials: 0,
    doubled: 0,
    mostWaiting: 0,
    faults: [],
    poison: () => false,
    denies: undefined,
    user: false,
    answer: () => ({}),
    connect(events) {
      hub.dials++;
      return connect(hub, { stored, acked, open }, events, clock);
    },
    cut: () => open.forEach((each) => each.breaks()),
    push: (frame) => open.forEach((each) => each.tell(frame)),
  };
  return hub;
}

type Mutable = { -readonly [K in keyof ModelHub]: ModelHub[K] };

interface ModelConnection {
  breaks(): void;
  tell(frame: object): void;
}

interface Shelf {
  readonly stored: Map<string, ModelRecord[]>;
  readonly acked: Map<string, number>;
  readonly open: Set<ModelConnection>;
}

function connect(hub: Mutable, { stored, acked, open }: Shelf, events: ModelEvents, clock: Clock) {
  let isOver = false;
  let series: string | undefined;
  let missing = Infinity;
  let waiting = 0;
  /** Everything happens in order, a little later. */
  const soon = (work: () => void): void => {
    clock.timer(LATENCY_MS, () => isOver || work());
  };
  const connection: ModelConnection = {
    breaks() {
      if (isOver) return;
      isOver = true;
      open.delete(connection);
      events.lost({ why: 'the connection broke' });
    },
    tell: (frame) => soon(() => events.text(JSON.stringify(frame))),
  };
  const { tell } = connection;

  const batch = (frame: Uint8Array): void => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const after = Number(view.getBigUint64(0));
    const records = JSON.parse(new TextDecoder().decode(frame.subarray(8))) as ModelRecord[];
    const own = stored.get(series ?? '') ?? [];
    stored.set(series ?? '', own);
    const answer = (body: object): void => {
      soon(() => waiting--);
      tell(body);
    };
    const refuse = (kind: string, message: string, more: object = {}): void => {
      missing = Math.min(missing, after);
      answer({ action: 'refused', after, kind, message, ...more });
    };
    if (after > missing) return refuse('later', 'cannot store it: a batch before it is missing');
    const fault = hub.faults.shift() ?? 'none';
    if (fault === 'lost') return connection.breaks();
    if (fault === 'later') return refuse('later', 'cannot store it: the disk is full', { retryAfter: 700 });
    const poisoned = records.findIndex(hub.poison);
    if (poisoned >= 0) return refuse('bad', `record ${poisoned + 1}: it is poison`);
    missing = Infinity;
    const last = own.at(-1)?.seq ?? 0;
    const fresh = records.filter(({ seq }) => seq > last);
    own.push(...fresh);
    hub.doubled += records.length - fresh.length;
    if (fault === 'lost-stored') return connection.breaks();
    if (fault === 'forgets') {
      own.length = Math.max(0, own.length - fresh.length);
      return connection.breaks();
    }
    if (fault === 'mute') return;
    const highest = records.at(-1)?.seq ?? after;
    acked.set(series ?? '', highest);
    answer({
      action: 'stored',
      after,
      last: own.at(-1)?.seq ?? 0,
      stored: fresh.length,
      doubled: records.length - fresh.length,
    });
  };

  const request = (frame: Record<string, unknown>): void => {
    if (frame['action'] !== 'auth') {
      const body = frame['action'] === 'ping' ? {} : hub.answer(frame);
      if (body !== undefined) tell({ action: frame['action'], id: frame['id'], success: true, ...body });
      return;
    }
    if (hub.denies !== undefined) {
      const message = `cannot let you in: ${hub.denies}`;
      events.text(JSON.stringify({ action: 'auth', success: false, error: { code: 'denied', message } }));
      isOver = true;
      return events.lost({ why: 'it closed (4401)', isDenied: true });
    }
    series = frame['series'] as string | undefined;
    const last = stored.get(series ?? '')?.at(-1)?.seq ?? 0;
    const who = hub.user
      ? { kind: 'user', name: 'ann', role: 'view', agents: null }
      : { kind: 'agent', name: 'alpha', last, credit: { batches: 32, bytes: 8_388_608 } };
    tell({ action: 'auth', success: true, v: 2, timeout: 30, ...who });
  };

  open.add(connection);
  soon(() => events.opened());
  return {
    send: (data: string | Uint8Array) => {
      if (typeof data !== 'string') hub.mostWaiting = Math.max(hub.mostWaiting, ++waiting);
      soon(() => {
        if (typeof data === 'string') request(JSON.parse(data) as Record<string, unknown>);
        else batch(data);
      });
    },
    close() {
      isOver = true;
      open.delete(connection);
    },
  };
}
