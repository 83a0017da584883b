import * as v from 'valibot';
import { parseAddress } from '../core/address.ts';
import { type FieldFacts, oneOf, reference, text } from '../core/fields.ts';

/** `forward:` in the config: where records of the time line are sent beside the hub, by a name. */

const URL_FORM = 'an address such as https://logs.example:3100, without ? and #';
const SYSLOG_FORM = 'tcp://HOST:PORT or tls://HOST:PORT';

const address = v.pipe(
  v.string(`cannot use this value: write ${URL_FORM}`),
  v.check(
    (value) => /^https?:\/\/[^?#@\s]+$/.test(value) && URL.canParse(value),
    `cannot use this value: write ${URL_FORM}; secrets go into \`token\``,
  ),
  v.metadata({
    form: URL_FORM,
    json: { type: 'string', pattern: '^https?://[^?#@]+$', examples: ['https://logs.example:3100'] },
  } satisfies FieldFacts),
);

const syslogAddress = v.pipe(
  v.string(`cannot use this value: write ${SYSLOG_FORM}`),
  v.check((value) => parseSyslogAddress(value) !== undefined, `cannot use this value: write ${SYSLOG_FORM}`),
  v.metadata({
    form: SYSLOG_FORM,
    json: { type: 'string', pattern: '^(tcp|tls)://', examples: ['tls://logs.example:6514'] },
  } satisfies FieldFacts),
);

export interface SyslogAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** The parts of `tcp://HOST:PORT` or `tls://HOST:PORT`; undefined where it has another form. */
export function parseSyslogAddress(written: string): SyslogAddress | undefined {
  const [, scheme, rest = ''] = /^(tcp|tls):\/\/([^/?#@]+)\/?$/.exec(written) ?? [];
  const found = parseAddress(rest);
  return found && { tls: scheme === 'tls', ...found };
}

const labels = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(
        /^[A-Za-z_][A-Za-z0-9_.]{0,62}$/,
        'cannot use this name: write letters, digits, dots and underscores',
      ),
    ),
    text(),
  ),
  v.metadata({
    form: 'names and values',
    json: {
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_.]{0,62}$' },
      additionalProperties: { type: 'string', minLength: 1 },
      examples: [{ env: 'prod' }],
    },
  } satisfies FieldFacts),
);

/** What a place to forward to can be; exactly one of them, which is checked where the plan is made. */
export const FORWARD_KINDS = ['loki', 'otlp', 'syslog'] as const;
export type ForwardKind = (typeof FORWARD_KINDS)[number];

const one = v.pipe(
  v.strictObject({
    loki: v.pipe(
      v.optional(address),
      v.description('A Loki, or what takes its pushes. `/loki/api/v1/push` is added where there is no path.'),
    ),
    otlp: v.pipe(
      v.optional(address),
      v.description('What takes OTLP by HTTP, as the OpenTelemetry Collector does. `/v1/logs` is added.'),
    ),
    syslog: v.pipe(
      v.optional(syslogAddress),
      v.description(
        'What takes syslog (RFC 5424, counted) by TCP, or by TLS. It answers nothing: see docs/forward.md.',
      ),
    ),
    token: v.pipe(
      v.optional(reference),
      v.description(
        'The token or password there: `$NAME` or `file:PATH`, never itself. Sent as a bearer token.',
      ),
    ),
    user: v.pipe(
      v.optional(text('a user name')),
      v.description('Sends `token` as the password of this user.'),
    ),
    tenant: v.pipe(
      v.optional(text('a name')),
      v.description('Loki: whose the records are there (`X-Scope-OrgID`).'),
    ),
    ca: v.pipe(
      v.optional(text('a file')),
      v.description('A file of certificates that may vouch for it, instead of those of the system, PEM.'),
    ),
    labels: v.pipe(v.optional(labels), v.description('Names and values that every record gets there.')),
    level: v.pipe(
      v.optional(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])),
      v.description('The lowest level that is sent; by default all of them.'),
    ),
    services: v.pipe(
      v.optional(v.pipe(v.array(text('the name of a service')), v.minLength(1))),
      v.description('The services whose records are sent, a job as `job/NAME`; by default everything.'),
      v.metadata({
        form: 'names of services',
        json: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          examples: [['firehose', 'job/archive']],
        },
      } satisfies FieldFacts),
    ),
  }),
  v.description('A place to forward to: exactly one of `loki`, `otlp` and `syslog`.'),
  v.metadata({ json: { oneOf: FORWARD_KINDS.map((kind) => ({ required: [kind] })) } }),
);

export const forwardConfig = v.pipe(
  v.record(v.string(), one),
  v.description(
    'Other places that get the records of this machine too, by a name that you choose: exactly one of `loki`, `otlp` and `syslog`, and what holds for each (see docs/forward.md).',
  ),
);

export type OneForward = v.InferOutput<typeof one>;
