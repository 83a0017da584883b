import type { WebSocket } from 'ws';
import type { Principal } from '../../server/principal.ts';
import type { Session } from '../../server/session.ts';
import { type Admission, readAuth, welcome } from './auth.ts';
import { type Batches, createBatches } from './batches.ts';
import type { Own, Shared } from './connection-options.ts';
import {
  CLOSE,
  eitherErrorFrame,
  errorFrame,
  type Frame,
  invalidIn,
  readFrame,
  successFrame,
} from './frames.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { createReading, type Reading } from './reading.ts';
import type { Member } from './rooms.ts';

const MOST_FIRST_BYTES = 65_536;
/** Of somebody who is not let in yet, with the head of the request: frames that are not whole yet are kept in memory. */
const MOST_STRANGE_BYTES = 2 * MOST_FIRST_BYTES;
const CLOSING_MS = 5000;

/** One connection: its frames are answered in the order in which they come. */
export class Connection implements Session, Member {
  readonly #ws: WebSocket;
  readonly #shared: Shared;
  readonly #out: Outgoing;
  readonly #own: Own;
  readonly #reading: Reading;
  #admission: Admission | undefined;
  #batches: Batches | undefined;
  #controller: AbortController | undefined;
  #isOver = false;
  /** The answer to the last frame, and to the last request: batches behind it begin before those in front of them are answered. */
  #answered: Promise<void> = Promise.resolve();
  #requested: Promise<void> = Promise.resolve();
  #heardAt: number;
  #closingAt: number | undefined;
  #missed = 0;

  constructor(ws: WebSocket, shared: Shared, own: Own) {
    this.#ws = ws;
    this.#shared = shared;
    this.#own = own;
    this.#out = createOutgoing(ws);
    this.#reading = createReading(ws);
    this.#heardAt = this.#now();
    ws.on('message', (data: Buffer, isBinary: boolean) => this.#hear(data, isBinary));
    // A frame that breaks the protocol or is too large: it is closing by itself.
    ws.on('error', () => {
      this.#closingAt ??= this.#now();
    });
    ws.on('close', () => this.#end());
  }

  get isIn(): boolean {
    return this.#admission !== undefined;
  }

  get principal(): Principal {
    if (this.#admission === undefined) throw new Error('cannot say who it is: nobody was let in');
    return this.#admission.credential.principal;
  }

  get version(): 1 | 2 {
    return this.#admission?.version ?? 1;
  }

  get agent(): string | undefined {
    return this.#admission?.agent;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort();
    return this.#controller.signal;
  }

  push(frame: Frame): boolean {
    return this.#out.offer(JSON.stringify(frame));
  }

  room(): Promise<void> {
    return this.#out.room();
  }

  deliver(text: string): void {
    if (this.#missed === 0 && this.#out.offer(text)) return;
    this.#shared.doors.counters.count('skipped', 'ws');
    // The old protocol has no words for it: whoever connects again asks for what it missed.
    if (this.version === 1) return this.close(CLOSE.slow, 'too slow for what is pushed');
    if (this.#missed++ === 0) void this.#out.room().then(() => this.#tellMissed());
  }

  close(code: number, reason: string): void {
    if (this.#closingAt !== undefined) return;
    this.#closingAt = this.#now();
    this.#ws.resume();
    this.#ws.close(code, reason);
  }

  cut(): void {
    this.#ws.terminate();
  }

  /** When everything that was heard is answered. */
  answered(): Promise<void> {
    return this.#answered;
  }

  /** What is due with time: called every second. */
  look(): void {
    const now = this.#now();
    const { timeoutMs, slowMs } = this.#shared;
    const stuckSince = this.#out.look(now);
    if (this.#closingAt !== undefined) {
      if (now - this.#closingAt >= CLOSING_MS) this.cut();
    } else if (stuckSince !== undefined && now - stuckSince >= slowMs) this.cut();
    else if (!this.isIn && this.#own.bytesRead() > MOST_STRANGE_BYTES) this.cut();
    else if (this.#reading.isIdle() && now - this.#heardAt >= timeoutMs)
      this.close(CLOSE.late, 'nothing was heard');
    else if (this.#admission?.credential.holds() === false)
      this.close(CLOSE.denied, 'the token, or the session, holds no longer');
  }

  #now(): number {
    return this.#shared.doors.clock.monotonic();
  }

  #tellMissed(): void {
    const count = this.#missed;
    this.#missed = 0;
    this.#out.send(JSON.stringify({ event: 'missed', count }));
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (this.#closingAt !== undefined) return;
    this.#heardAt = this.#now();
    this.#reading.take(data.length);
    const before = this.#answered;
    if (isBinary) {
      const begun = this.#requested.then(() => this.#store(data));
      this.#answered = before.then(() => begun).then((frame) => this.#answer(frame));
    } else {
      this.#answered = before.then(() => this.#request(data));
      this.#requested = this.#answered;
    }
    void this.#answered.then(() => this.#done(data.length));
  }

  #done(bytes: number): void {
    this.#heardAt = this.#now();
    this.#reading.done(bytes);
  }

  /** @returns what is to be answered; undefined where the connection closes. */
  #store(data: Buffer): Promise<Frame | undefined> | undefined {
    if (this.#closingAt !== undefined) return undefined;
    if (this.#batches !== undefined) return this.#batches.take(data);
    if (!this.isIn)
      return this.#refuse(eitherErrorFrame('invalid', 'cannot let you in: the first frame is binary'));
    const message = 'cannot take a batch: this connection named no series when it was let in';
    const error = { code: 'invalid', message } as const;
    const frame = errorFrame(this.version, {}, error);
    return this.version === 1 ? this.#refuse(frame) : Promise.resolve(frame);
  }

  async #answer(frame: Frame | undefined): Promise<void> {
    if (frame === undefined) return;
    await this.#out.room();
    if (!this.#isOver) this.#out.send(JSON.stringify(frame));
  }

  /** Says what is wrong, in its turn, and closes. */
  #refuse(frame: Frame, code: number = CLOSE.invalid, reason = 'it is no frame of this protocol'): undefined {
    this.#out.send(JSON.stringify(frame));
    this.close(code, reason);
    return undefined;
  }

  /** Never rejects. */
  async #request(data: Buffer): Promise<void> {
    await this.#out.room();
    if (this.#isOver || this.#closingAt !== undefined) return;
    if (!this.isIn) return this.#letIn(data);
    const read = readFrame(data);
    const invalid = read.ok ? invalidIn(read.value) : read.error;
    if (!read.ok || invalid !== undefined) {
      const message = `cannot use the frame: ${invalid}`;
      const frame = errorFrame(this.version, {}, { code: 'invalid', message });
      if (this.version === 1) this.#refuse(frame);
      else this.#out.send(JSON.stringify(frame));
      return;
    }
    const outcome = await this.#shared.requests.answer(read.value, this);
    const frame = outcome.ok
      ? successFrame(this.version, read.value, outcome.body)
      : errorFrame(this.version, read.value, outcome.error);
    if (outcome.broke === true && this.version === 1)
      this.#refuse(frame, CLOSE.internal, 'an error of the hub');
    else this.#out.send(JSON.stringify(frame));
  }

  async #letIn(data: Buffer): Promise<void> {
    const { doors, check, rooms, brought, timeoutMs } = this.#shared;
    const read =
      data.length > MOST_FIRST_BYTES ? ({ ok: false, error: 'it is too long' } as const) : readFrame(data);
    if (!read.ok) {
      doors.counters.count('denied', 'ws');
      return this.#refuse(eitherErrorFrame('invalid', `cannot let you in: ${read.error}`));
    }
    const asked = readAuth(read.value, { token: check, session: this.#own.session });
    if (!asked.ok) {
      doors.counters.count('denied', 'ws');
      return this.#refuse(asked.error.frame, asked.error.code, asked.error.reason);
    }
    const { credential, version, series } = asked.value;
    const { principal } = credential;
    if (!this.#own.admit(principal)) {
      const frame = errorFrame(version, read.value, {
        code: 'later',
        message: TOO_MANY,
        retryAfterMs: timeoutMs,
      });
      return this.#refuse(frame, CLOSE.many, 'too many connections');
    }
    this.#admission = asked.value;
    let last: number | undefined;
    if (series !== undefined) {
      this.#batches = createBatches(doors, principal.name, series, (json, stored) =>
        brought(principal.name, json, stored, this),
      );
      last = await doors.store.lastOf(series).catch(() => undefined);
      if (last === undefined) return this.close(CLOSE.internal, 'the store cannot say how far it is');
    }
    if (this.#isOver) return;
    rooms.enter(this);
    this.#out.send(JSON.stringify(welcome(asked.value, timeoutMs / 1000, last)));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#closingAt ??= this.#now();
    this.#out.end();
    this.#controller?.abort();
    if (this.isIn) this.#shared.rooms.leave(this);
    this.#own.ended();
  }
}

const TOO_MANY = 'cannot let you in: too many connections of yours are open';
