import type { Clock, Timer } from '../../core/clock.ts';
import type { Result } from '../../core/result.ts';
import { asError, unreachable } from '../../core/result.ts';
import { type AuthKey, authFrame, batchFrame, type HubFrame, readFrame } from './frames.ts';
import { dueAt, next } from './link-machine.ts';
import { type LinkEffect, type LinkEvent, type LinkState, type Loss, startingState } from './link-state.ts';

/** The doing to link-machine.ts: dials, reads records, sends them, and tells what became of them. */

/** One connection. What it tells after `close` is not heard. */
export interface HubSocket {
  /** @throws nothing: what cannot be sent ends in `lost`. */
  send(data: string | Uint8Array): void;
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  text(text: string): void;
  /** Once, also where there never was a connection. */
  lost(loss: Loss): void;
}

/** Records that are to be sent, by their numbers. */
export interface RecordSource {
  /** Undefined where nothing is sent. */
  readonly series: string | undefined;
  /** Up to this number everything was acknowledged before. */
  readonly acked: number;
  /** Behind this number records can be had again, also acknowledged ones; Infinity where they are gone then. */
  readonly base: number;
  /** The highest number that was given. */
  readonly known: number;
  /** The first records behind a number, in the order of theirs; undefined where there is none yet: `wake` the link when there is. */
  read(after: number, most: number): Promise<Outgoing | undefined>;
  /** The one record behind `after` is refused: under its number something else is to be read from now on. */
  replace(after: number, message: string): void;
  /** Begins another series. */
  renumber(): void;
}

/** Records as JSON. */
export interface Outgoing {
  readonly records: readonly string[];
  readonly last: number;
  /** Numbers that have no record (any more). */
  readonly missing: number;
}

export interface LinkOptions {
  readonly source: RecordSource;
  /** Whom the hub took us for before. */
  readonly name?: string | undefined;
  readonly dial: (events: SocketEvents) => HubSocket;
  /** What `token` gives; by default a token. */
  readonly by?: AuthKey;
  /** Asked for at each connection. The error is a clause. */
  readonly token: () => Promise<Result<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of everything that the machine does, in order. Throws only for bugs. */
  readonly told: (effect: LinkEffect, state: LinkState) => void;
  /** Answers to requests, and what the hub tells by itself. */
  readonly frame?: (frame: Extract<HubFrame, { is: 'answer' | 'event' }>) => void;
  /** Something that cannot happen, or a source that cannot be read for a reason that does not pass. */
  readonly failed: (error: Error) => void;
}

export interface Link {
  /** From where the source stands by now. */
  start(): void;
  /** There may be something to be read. */
  wake(): void;
  /** Sends a text over the present connection. @returns false where there is none that is open. */
  send(text: string): boolean;
  state(): LinkState;
  /** Ends it for good; what is not acknowledged by now is left. */
  end(): void;
}

const PING = JSON.stringify({ action: 'ping', id: 'ping' });

export function createLink(options: LinkOptions): Link {
  const link = new RunningLink(options);
  return {
    start: () => link.start(),
    wake: () => link.feed({ is: 'wake' }),
    send: (text) => link.send(text),
    state: () => link.state,
    end: () => link.feed({ is: 'end' }),
  };
}

class RunningLink {
  readonly #options: LinkOptions;
  state: LinkState;
  readonly #events: LinkEvent[] = [];
  #isFeeding = false;
  #timer: Timer | undefined;
  #armedAt = Infinity;
  #socket: HubSocket | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { acked, base, known } = options.source;
    this.state = startingState({ acked, base, known, name: options.name });
  }

  start(): void {
    const { source, name } = this.#options;
    const { acked, base, known } = source;
    if (this.state.phase === 'idle') this.state = startingState({ acked, base, known, name });
    this.feed({ is: 'start' });
  }

  /** Effects may have events of their own: they come after. */
  feed(event: LinkEvent): void {
    this.#events.push(event);
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    try {
      for (let first = this.#events.shift(); first !== undefined; first = this.#events.shift())
        this.#step(first);
    } catch (error) {
      this.#options.failed(asError(error));
    } finally {
      this.#isFeeding = false;
    }
    this.#arm();
  }

  send(text: string): boolean {
    if (this.state.phase !== 'open' || this.#socket === undefined) return false;
    this.#socket.send(text);
    return true;
  }

  #step(event: LinkEvent): void {
    const { clock, random } = this.#options;
    const { state, effects } = next(this.state, event, { now: clock.monotonic(), random });
    this.state = state;
    for (const effect of effects) {
      this.#options.told(effect, state);
      this.#do(effect);
    }
  }

  #arm(): void {
    const { clock } = this.#options;
    const at = dueAt(this.state);
    if (at === this.#armedAt) return;
    this.#armedAt = at;
    this.#timer?.cancel();
    if (at === Infinity) return;
    const ms = Math.max(0, Math.ceil(at - clock.monotonic()));
    this.#timer = clock.timer(ms, () => {
      this.#armedAt = Infinity;
      this.feed({ is: 'time' });
    });
  }

  #do(effect: LinkEffect): void {
    switch (effect.do) {
      case 'dial':
        return this.#dial();
      case 'hang-up': {
        const socket = this.#socket;
        this.#socket = undefined;
        return socket?.close();
      }
      case 'greet':
        return void this.#greet();
      case 'ping':
        return this.#socket?.send(PING);
      case 'read':
        return void this.#read(effect);
      case 'replace':
        return this.#options.source.replace(effect.after, effect.message);
      case 'renumber': {
        const { source } = this.#options;
        source.renumber();
        return this.feed({ is: 'renumbered', acked: source.acked, base: source.base, known: source.known });
      }
      case 'opened':
      case 'away':
      case 'stored':
      case 'refused':
      case 'rewound':
        return undefined;
      default:
        return unreachable(effect);
    }
  }

  #dial(): void {
    const socket = this.#options.dial({
      opened: () => this.#of(socket, { is: 'opened' }),
      text: (text) => this.#heard(socket, text),
      lost: (loss) => this.#of(socket, { is: 'lost', ...loss }),
    });
    this.#socket = socket;
  }

  /** What a connection tells that is not the present one any more is not heard. */
  #of(socket: HubSocket, event: LinkEvent): void {
    if (this.#socket === socket) this.feed(event);
  }

  #heard(socket: HubSocket, text: string): void {
    if (this.#socket !== socket) return;
    const frame = readFrame(text);
    if (frame === undefined) return this.feed({ is: 'lost', why: 'what it says is no frame of a hub' });
    this.feed({ is: 'frame', frame });
    if (frame.is === 'event' || (frame.is === 'answer' && frame.id !== 'ping')) this.#options.frame?.(frame);
  }

  async #greet(): Promise<void> {
    const socket = this.#socket;
    const { token, by = 'token', source } = this.#options;
    try {
      const found = await token();
      if (socket === undefined || this.#socket !== socket) return;
      if (found.ok) socket.send(authFrame(by, found.value, source.series));
      else this.feed({ is: 'lost', why: found.error, isDenied: true });
    } catch (error) {
      this.#options.failed(asError(error));
    }
  }

  async #read({ after, most, turn }: Extract<LinkEffect, { do: 'read' }>): Promise<void> {
    try {
      const found = await this.#options.source.read(after, most);
      const socket = this.#socket;
      if (this.state.turn !== turn || this.state.phase !== 'open' || socket === undefined) return;
      if (found === undefined) return this.feed({ is: 'empty', turn });
      const { records, last, missing } = found;
      const frame = batchFrame(after, records);
      socket.send(frame);
      const batch = { after, last, count: records.length, missing, bytes: frame.length };
      this.feed({ is: 'sent', turn, batch });
    } catch (error) {
      this.#options.failed(asError(error));
    }
  }
}
