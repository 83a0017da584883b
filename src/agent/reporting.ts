import type { Clock, Timer } from '../core/clock.ts';
import { asError } from '../core/result.ts';
import { errorOf, type HubFrame } from '../wire/hub/frames.ts';
import type { Report } from '../wire/page/report.ts';

/** Where the agent has from what it says of this machine, beside its records. */
export interface ReportSource {
  /** A connection is open. @param ready to be called when there may be something new to say. */
  begin(ready: () => void): Reporting;
}

/** What is said over one connection. */
export interface Reporting {
  /** All that there is now; changes count from here. */
  whole(): Report;
  /** What is different since the last report; undefined where nothing is. */
  changes(): Report | undefined;
  end(): void;
}

/** What came of an ask, as the frame `answer` says it. */
export type AskAnswer =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Does what people ask for through the hub. Throws only for bugs. @param ask the event, not checked. */
export type AskHandler = (ask: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<AskAnswer>;

export interface BoardSeam {
  readonly reports: ReportSource;
  readonly asks: AskHandler;
}

export interface ReportingDeps extends BoardSeam {
  readonly clock: Clock;
  /** Sends over the connection that is open. */
  readonly send: (text: string) => boolean;
  readonly failed: (error: Error) => void;
}

/** The talk with a hub beside the records: reports of how it stands here, asks and their answers. */
export interface BoardTalk {
  opened(): void;
  /** The connection is over: nothing is kept for the next one, which begins with all that there is then. */
  away(): void;
  heard(frame: Extract<HubFrame, { is: 'answer' | 'event' }>): void;
}

/** Asks that are open at the same time. */
const MOST_ASKS = 100;
/** A hub that does not answer a report within this is not told more until the next connection. */
const ANSWER_MS = 30_000;
/** Characters of a frame; a hub takes 16 MiB. */
const MOST_LENGTH = 4_000_000;

const WHOLE_ID = 'report';
/** Codes with which a hub says that it never takes reports over this connection. */
const NEVER: readonly string[] = ['unknown', 'forbidden', 'invalid'];

export function createBoardTalk(deps: ReportingDeps): BoardTalk {
  let talk: Talk | undefined;
  return {
    opened() {
      talk?.end();
      talk = new Talk(deps);
      talk.begin();
    },
    away() {
      talk?.end();
      talk = undefined;
    },
    heard: (frame) => talk?.heard(frame),
  };
}

/** Of one connection. A report is under way at a time: a slow hub gets fewer, not a queue of them. */
class Talk {
  readonly #deps: ReportingDeps;
  readonly #over = new AbortController();
  #reporting: Reporting | undefined;
  /** Frames of the report that is under way. */
  #waiting: string[] = [];
  #isUnderWay = false;
  #isDue = false;
  #deadline: Timer | undefined;
  #asks = 0;

  constructor(deps: ReportingDeps) {
    this.#deps = deps;
  }

  begin(): void {
    this.#reporting = this.#deps.reports.begin(() => this.#say());
    this.#put(this.#reporting.whole());
  }

  end(): void {
    this.#over.abort();
    this.#stopReporting();
  }

  heard(frame: Extract<HubFrame, { is: 'answer' | 'event' }>): void {
    if (frame.is === 'event') {
      if (frame.event === 'ask') void this.#ask(frame.body);
    } else if (frame.id === WHOLE_ID && this.#isUnderWay) this.#answered(frame.success, frame.body);
  }

  #answered(success: boolean, body: Readonly<Record<string, unknown>>): void {
    this.#deadline?.cancel();
    this.#isUnderWay = false;
    if (!success) {
      // One that cannot take it now has missed something: it gets the whole, when there is something new.
      if (NEVER.includes(errorOf(body).code)) return this.#stopReporting();
      this.#waiting = [];
      this.#isDue = false;
      this.#again();
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#send(next);
    if (this.#isDue) this.#say();
  }

  #again(): void {
    this.#deadline = this.#deps.clock.timer(ANSWER_MS, () => {
      if (this.#reporting !== undefined && !this.#isUnderWay) this.#put(this.#reporting.whole());
    });
  }

  #say(): void {
    if (this.#reporting === undefined) return;
    this.#isDue = this.#isUnderWay;
    if (this.#isUnderWay) return;
    const report = this.#reporting.changes();
    if (report !== undefined) this.#put(report);
  }

  #put(report: Report): void {
    this.#deadline?.cancel();
    const [first, ...more] = framesOf(report);
    this.#waiting = more;
    if (first !== undefined) this.#send(first);
  }

  #send(frame: string): void {
    if (!this.#deps.send(frame)) return;
    this.#isUnderWay = true;
    this.#deadline = this.#deps.clock.timer(ANSWER_MS, () => this.#stopReporting());
  }

  #stopReporting(): void {
    this.#deadline?.cancel();
    this.#reporting?.end();
    this.#reporting = undefined;
    this.#waiting = [];
    this.#isUnderWay = false;
  }

  async #ask(body: Readonly<Record<string, unknown>>): Promise<void> {
    const { ask } = body;
    if (typeof ask !== 'string') return;
    if (this.#asks >= MOST_ASKS) return this.#answer(ask, BUSY);
    this.#asks += 1;
    try {
      this.#answer(ask, await this.#deps.asks(body, this.#over.signal));
    } catch (thrown) {
      this.#answer(ask, FAILED);
      this.#deps.failed(asError(thrown));
    } finally {
      this.#asks -= 1;
    }
  }

  /** Over the connection on which it was asked, or not at all. */
  #answer(ask: string, answer: AskAnswer): void {
    if (this.#over.signal.aborted) return;
    const text = JSON.stringify({ action: 'answer', id: 'answer', ask, ...answer });
    this.#deps.send(
      text.length <= MOST_LENGTH
        ? text
        : JSON.stringify({ action: 'answer', id: 'answer', ask, error: TOO_LONG }),
    );
  }
}

const BUSY: AskAnswer = {
  error: { code: 'busy', message: `cannot do it now: ${MOST_ASKS} other things are asked for` },
};
const FAILED: AskAnswer = {
  error: { code: 'failed', message: 'cannot do it: an error of the daemon’s own, see its log' },
};
const TOO_LONG = { code: 'too-long', message: 'cannot answer: the answer is too long; ask for less' };

/** A report in as many frames as it needs: behind one that is whole come changes. */
function framesOf(report: Report): string[] {
  const whole = frameOf(report);
  const things = report.services.length + report.jobs.length;
  if (whole.length <= MOST_LENGTH || things <= 1) return [whole];
  const half = <T>(all: readonly T[]): [T[], T[]] => {
    const middle = Math.ceil(all.length / 2);
    return [all.slice(0, middle), all.slice(middle)];
  };
  const [services, moreServices] = half(report.services);
  const [jobs, moreJobs] = half(report.jobs);
  const rest: Report = { whole: false, services: moreServices, jobs: moreJobs, gone: NONE_GONE };
  return [...framesOf({ ...report, services, jobs }), ...framesOf(rest)];
}

const NONE_GONE = { services: [], jobs: [] };

function frameOf(report: Report): string {
  return JSON.stringify({ action: 'report', id: WHOLE_ID, ...report });
}
