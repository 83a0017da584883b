import { backoffDelay } from '../../core/backoff.ts';
import { unreachable } from '../../core/result.ts';
import type { HubFrame, Welcome } from './frames.ts';
import {
  answered,
  LONGEST_WAIT_MS,
  type Moment,
  pingEvery,
  pump,
  RETRY,
  type Step,
  stay,
} from './link-flow.ts';
import type { LinkEffect, LinkEvent, LinkEventName, LinkState, Loss, Phase } from './link-state.ts';

/** Every dial and every answer has so long, milliseconds. */
const DEADLINE_MS = 30_000;
/** A token that is not taken is shown again after so long, and up to a quarter more. */
const DENIED_MS = 60_000;

type Handler<E extends LinkEventName> = (
  state: LinkState,
  event: Extract<LinkEvent, { is: E }>,
  moment: Moment,
) => Step;

/** What happens next. */
export function next(state: LinkState, event: LinkEvent, moment: Moment): Step {
  const handler = TABLE[event.is][state.phase] as Handler<LinkEventName>;
  return handler(state, event, moment);
}

/** When `time` has to be said, monotonic milliseconds; Infinity where nothing is waited for. */
export function dueAt(state: LinkState): number {
  switch (state.phase) {
    case 'idle':
    case 'over':
      return Infinity;
    case 'waiting':
    case 'dialing':
    case 'greeting':
      return state.until;
    case 'open':
      return Math.min(
        state.spokeAt + pingEvery(state),
        (state.askedAt ?? Infinity) + DEADLINE_MS,
        (state.flight[0]?.sentAt ?? Infinity) + DEADLINE_MS,
        state.flight.length === 0 ? (state.rewind?.at ?? Infinity) : Infinity,
      );
    default:
      return unreachable(state.phase);
  }
}

const lose: Handler<'lost'> = (state, event, moment) => away(state, event, moment);
const over: Handler<'end'> = (state) => ({
  state: { ...state, phase: 'over', flight: [], rewind: undefined, turn: state.turn + 1 },
  effects: state.phase === 'idle' || state.phase === 'over' ? [] : [{ do: 'hang-up' }],
});
const renumber: Handler<'renumbered'> = (state, { acked, base, known }) =>
  stay({ ...state, acked, base, known, next: acked, replaced: undefined });
const dial = (state: LinkState, { now }: Moment): Step => ({
  state: { ...state, phase: 'dialing', until: now + DEADLINE_MS },
  effects: [{ do: 'dial' }],
});
const late =
  (what: string): Handler<'time'> =>
  (state, _event, moment) =>
    moment.now < state.until ? stay(state) : away(state, { why: `${what} within 30s` }, moment);

const TABLE: { readonly [E in LinkEventName]: Readonly<Record<Phase, Handler<E>>> } = {
  start: {
    idle: (state, _event, moment) => dial(state, moment),
    waiting: stay,
    dialing: stay,
    greeting: stay,
    open: stay,
    over: stay,
  },
  time: {
    idle: stay,
    waiting: (state, _event, moment) => (moment.now < state.until ? stay(state) : dial(state, moment)),
    dialing: late('no connection'),
    greeting: late('no answer to the token'),
    open: tick,
    over: stay,
  },
  opened: {
    idle: stay,
    waiting: stay,
    dialing: (state, _event, { now }) => ({
      state: { ...state, phase: 'greeting', until: now + DEADLINE_MS },
      effects: [{ do: 'greet' }],
    }),
    greeting: stay,
    open: stay,
    over: stay,
  },
  frame: { idle: stay, waiting: stay, dialing: stay, greeting: greeted, open: heard, over: stay },
  lost: { idle: stay, waiting: stay, dialing: lose, greeting: lose, open: lose, over: stay },
  sent: { idle: stay, waiting: stay, dialing: stay, greeting: stay, open: sent, over: stay },
  empty: {
    idle: stay,
    waiting: stay,
    dialing: stay,
    greeting: stay,
    open: (state, { turn }, moment) =>
      turn === state.turn
        ? pump({ ...state, reading: state.isWoken ? 'no' : 'empty', isWoken: false }, moment)
        : stay(state),
    over: stay,
  },
  wake: {
    idle: stay,
    waiting: stay,
    dialing: stay,
    greeting: stay,
    open: (state, _event, moment) =>
      state.reading === 'asked'
        ? stay({ ...state, isWoken: true })
        : pump({ ...state, reading: 'no' }, moment),
    over: stay,
  },
  renumbered: {
    idle: renumber,
    waiting: renumber,
    dialing: renumber,
    greeting: renumber,
    // The hub goes by the series of the greeting.
    open: (state, event, moment) => {
      const left = away(state, { why: 'the numbers begin anew' }, moment);
      return { ...left, state: renumber(left.state, event, moment).state };
    },
    over: renumber,
  },
  end: { idle: over, waiting: over, dialing: over, greeting: over, open: over, over },
};

/** The connection is of no use any more; what it did not acknowledge is sent again by the next one. */
function away(state: LinkState, { why, retryMs = 0, isDenied = false }: Loss, { now, random }: Moment): Step {
  const own = isDenied
    ? DENIED_MS * (1 + random() / 4)
    : backoffDelay({ ...RETRY, attempt: state.attempt, random });
  const forMs = Math.max(own, Math.min(retryMs, LONGEST_WAIT_MS));
  return {
    state: {
      ...state,
      phase: 'waiting',
      until: now + forMs,
      attempt: state.attempt + 1,
      next: state.acked,
      flight: [],
      rewind: undefined,
      reading: 'no',
      isWoken: false,
      turn: state.turn + 1,
      welcome: undefined,
      askedAt: undefined,
    },
    effects: [{ do: 'hang-up' }, { do: 'away', why, forMs, ...(isDenied ? { isDenied } : {}) }],
  };
}

function greeted(state: LinkState, { frame }: { readonly frame: HubFrame }, moment: Moment): Step {
  if (frame.is === 'denied')
    return away(
      state,
      {
        why: frame.message,
        retryMs: frame.retryMs,
        isDenied: frame.code === 'denied' || frame.code === 'invalid',
      },
      moment,
    );
  if (frame.is === 'event' || frame.is === 'other') return stay(state);
  if (frame.is !== 'welcome') return away(state, { why: 'it answered before it let us in' }, moment);
  return begin(state, frame.welcome, moment);
}

function begin(state: LinkState, welcome: Welcome, moment: Moment): Step {
  const { kind, last, name } = welcome;
  if (kind === 'agent' && last > state.known) {
    const why = `it has record ${last} of our series, and we never sent more than ${state.known}`;
    const left = away(state, { why }, moment);
    return { ...left, effects: [...left.effects, { do: 'renumber', last }] };
  }
  const has = Math.max(last, state.base);
  const isRewound = kind === 'agent' && has < state.acked && (state.name ?? name) === name;
  const acked = isRewound ? has : state.acked;
  const open: LinkState = {
    ...state,
    phase: 'open',
    until: Infinity,
    acked,
    next: acked,
    name,
    welcome,
    spokeAt: moment.now,
    askedAt: undefined,
  };
  const pumped = pump(open, moment);
  const rewound: LinkEffect[] = isRewound ? [{ do: 'rewound', from: state.acked, to: acked }] : [];
  return { state: pumped.state, effects: [{ do: 'opened', welcome }, ...rewound, ...pumped.effects] };
}

function heard(state: LinkState, { frame }: { readonly frame: HubFrame }, moment: Moment): Step {
  const isThere: LinkState = { ...state, askedAt: undefined };
  switch (frame.is) {
    case 'stored':
    case 'refused': {
      if (frame.after === state.flight[0]?.after) return answered(isThere, frame, moment);
      return away(state, { why: 'it answered a batch that was not the next' }, moment);
    }
    case 'denied':
      return away(state, { why: frame.message, isDenied: true }, moment);
    case 'answer':
      // A connection that answers is of use, also where there is nothing to be stored.
      return stay({ ...isThere, attempt: 0 });
    case 'welcome':
    case 'event':
    case 'other':
      return stay(isThere);
    default:
      return unreachable(frame);
  }
}

function sent(state: LinkState, { batch, turn }: Extract<LinkEvent, { is: 'sent' }>, moment: Moment): Step {
  if (turn !== state.turn) return away(state, { why: 'a batch was sent out of turn' }, moment);
  const flight = [...state.flight, { ...batch, sentAt: moment.now }];
  const known = Math.max(state.known, batch.last);
  return pump(
    { ...state, flight, known, next: batch.last, reading: 'no', isWoken: false, spokeAt: moment.now },
    moment,
  );
}

function tick(state: LinkState, _event: LinkEvent, moment: Moment): Step {
  const { now } = moment;
  const first = state.flight[0];
  if (first !== undefined && now >= first.sentAt + DEADLINE_MS)
    return away(state, { why: 'no answer to a batch within 30s' }, moment);
  if (state.askedAt !== undefined && now >= state.askedAt + DEADLINE_MS)
    return away(state, { why: 'no answer within 30s' }, moment);
  if (now < state.spokeAt + pingEvery(state)) return pump(state, moment);
  const pumped = pump({ ...state, spokeAt: now, askedAt: state.askedAt ?? now }, moment);
  return { state: pumped.state, effects: [{ do: 'ping' }, ...pumped.effects] };
}
