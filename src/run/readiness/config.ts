import * as v from 'valibot';
import { DURATION_FORM } from '../../core/durations.ts';
import { duration, type FieldFacts, integer, text } from '../../core/fields.ts';

/** A duration of one second or more would be usual; less than this would be a busy loop, or no time at all. */
const SHORTEST_MS = 10;
const pause = v.pipe(
  duration,
  v.minValue(SHORTEST_MS, `cannot use this value: at least ${SHORTEST_MS}ms`),
  v.metadata({ form: `${DURATION_FORM}, at least ${SHORTEST_MS}ms` }),
);

function matching(form: string, pattern: RegExp, examples: readonly string[]) {
  const message = `cannot use this value: write ${form}`;
  return v.pipe(
    v.string(message),
    v.regex(pattern, message),
    v.metadata({
      form,
      json: { type: 'string', pattern: pattern.source, examples },
    } satisfies FieldFacts),
  );
}

/** Which keys say how a life shows that it is ready. */
export const SIGNS = ['fd', 'line', 'http', 'tcp'] as const;

/** `ready:` says how a life shows that it does its work. That it has exactly one of SIGNS is checked where the plan is made. */
export const readyConfig = v.pipe(
  v.strictObject({
    fd: v.pipe(
      v.optional(integer(3, 9)),
      v.description(
        'The descriptor that the command writes a newline to once it is ready, as with s6. Its number is also in `VAHTI_READY_FD`.',
      ),
    ),
    line: v.pipe(
      v.optional(text('text that is in the line')),
      v.description('Text that is in a line of its output once it is ready: plain text, case matters.'),
    ),
    http: v.pipe(
      v.optional(
        matching('an http or https address', /^https?:\/\/[^\s/?#]/, ['http://127.0.0.1:8080/ready']),
      ),
      v.description(
        'An address that answers a GET as expected once it is ready. Redirects are not followed.',
      ),
    ),
    expect: v.pipe(
      v.optional(text('an expression on `status`')),
      v.description('What the answer of `http` has to be like.'),
    ),
    tcp: v.pipe(
      v.optional(
        matching('HOST:PORT', /^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):[0-9]{1,5}$/, [
          '127.0.0.1:5432',
          '[::1]:80',
        ]),
      ),
      v.description('An address that takes connections once it is ready.'),
    ),
    within: v.pipe(
      v.optional(pause),
      v.description(
        'A life that is not ready so long after its start is ended, and counts as a start that failed.',
      ),
    ),
    every: v.pipe(
      v.optional(pause),
      v.description('The pause between two looks at `http` or `tcp`; the first looks follow more quickly.'),
    ),
    timeout: v.pipe(v.optional(pause), v.description('How long one look at `http` or `tcp` may take.')),
  }),
  v.description('How a life shows that it is ready: exactly one of `fd`, `line`, `http` and `tcp`.'),
  v.metadata({ json: { oneOf: SIGNS.map((sign) => ({ required: [sign] })) } }),
);

const NEED = '^\\s*[a-z0-9._-]+(\\s+ready)?\\s*$';

/** `needs:` names what has to be there before a service starts. */
export const needsConfig = v.pipe(
  v.array(v.string('cannot use this value: write NAME, or NAME ready')),
  v.metadata({
    form: 'a list of services, each as NAME or as NAME ready',
    json: { type: 'array', items: { type: 'string', pattern: NEED }, examples: [['db ready', 'cache']] },
  } satisfies FieldFacts),
);

export type ReadyConfig = v.InferOutput<typeof readyConfig>;

/** What holds where `ready` does not say otherwise, milliseconds. */
export const READY_DEFAULTS = { withinMs: 60_000, everyMs: 1000, timeoutMs: 5000 } as const;
