import * as v from 'valibot';
import { RpcError, type RpcMethods } from '../core/rpc.ts';
import { MESSAGE_BYTES, MOST_CODE, RID, RID_FORM, wordOf } from '../watch/beats/beat.ts';
import { beatUrl } from './beat-environment.ts';
import type { Beats, BeatTarget } from './beats.ts';
import type { Supervision } from './supervision.ts';

const name = v.pipe(v.string(), v.nonEmpty());
/** `watch` may be left out where the service has one beat watch. */
const target = { service: name, watch: v.optional(name) };

/** The parameters of the methods for beats, checked where they come in. */
export const BEAT_PARAMS = {
  beat: v.strictObject({
    ...target,
    word: v.picklist(['success', 'start', 'fail', 'log']),
    code: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_CODE))),
    message: v.pipe(
      v.string(),
      v.check((value) => Buffer.byteLength(value) <= MESSAGE_BYTES, `longer than ${MESSAGE_BYTES} bytes`),
    ),
    rid: v.pipe(
      v.string(),
      v.check((value) => value === '' || RID.test(value), `not ${RID_FORM}`),
    ),
  }),
  'beat-url': v.strictObject(target),
} as const;

export type BeatParams = v.InferOutput<(typeof BEAT_PARAMS)['beat']>;

/** The methods for beats, as the typed client of the control socket sees them. */
export interface BeatApi {
  readonly beat: {
    readonly params: BeatParams;
    readonly value: {
      /** `SERVICE/WATCH` */
      readonly watch: string;
      /** How long the run took that it ended, milliseconds; null where that is not known. */
      readonly ms: number | null;
    };
  };
  readonly 'beat-url': {
    readonly params: v.InferOutput<(typeof BEAT_PARAMS)['beat-url']>;
    /** Null where nothing listens for beats. */
    readonly value: { readonly watch: string; readonly url: string | null };
  };
}

export interface BeatControlTarget {
  readonly supervision: Pick<Supervision, 'get' | 'all'>;
  readonly beats: Beats;
}

/** The methods for beats behind the control socket. */
export function beatMethods({ supervision, beats }: BeatControlTarget): RpcMethods<BeatApi> {
  return {
    beat: {
      params: BEAT_PARAMS.beat,
      handle({ service, watch, code, ...said }) {
        const found = targetOf({ supervision, beats }, service, watch);
        const life = supervision.get(service)?.service.snapshot().life ?? null;
        const word = code === null ? said.word : wordOf(code);
        const taken = beats.take(found, { ...said, word, code }, life);
        if (!taken.ok) throw new RpcError(taken.error.kind, taken.error.message);
        return { watch: `${found.service}/${found.watch}`, ms: taken.value.ms };
      },
    },
    'beat-url': {
      params: BEAT_PARAMS['beat-url'],
      handle({ service, watch }) {
        const found = targetOf({ supervision, beats }, service, watch);
        const base = beats.listens()?.url;
        const url = base === undefined ? null : beatUrl(base, beats.token(found));
        return { watch: `${found.service}/${found.watch}`, url };
      },
    },
  };
}

function targetOf(
  { supervision, beats }: BeatControlTarget,
  service: string,
  watch: string | undefined,
): BeatTarget {
  if (supervision.get(service) === undefined) {
    const known = supervision.all().map(({ planned }) => planned.name);
    throw new RpcError('unknown-service', `cannot find a service "${service}"`, { name: service, known });
  }
  const watches = beats.watchesOf(service);
  const [only, ...more] = watches;
  if (only === undefined) throw new RpcError('unknown-watch', `cannot find a beat watch of ${service}`);
  if (watch !== undefined && !watches.includes(watch)) {
    const message = `cannot find a beat watch "${watch}" of ${service}`;
    throw new RpcError('unknown-watch', message, { name: watch, known: watches });
  }
  if (watch === undefined && more.length > 0) {
    const names = watches.map((each) => `${service}/${each}`).join(' or ');
    throw new RpcError('ambiguous-watch', `cannot tell which watch of ${service} is meant: write ${names}`);
  }
  return { service, watch: watch ?? only };
}
