import * as v from 'valibot';
import { parseAddress } from '../core/address.ts';
import { duration, type FieldFacts, size, text, zoneName } from '../core/fields.ts';
import { SIZE_FORM } from '../core/sizes.ts';
import { statusPageConfig } from './status-page/config.ts';

/** `hub:` in the config: where records are kept and how long, and where they are sent. */

const ADDRESS_FORM = 'HOST:PORT, with a port from 1 to 65535';
const URL_FORM = 'an address such as wss://hub.example or https://hub.example, without ? and #';

function address(examples: readonly string[]) {
  return v.pipe(
    v.string(`cannot use this value: write ${ADDRESS_FORM}`),
    v.check((value) => parseAddress(value) !== undefined, `cannot use this value: write ${ADDRESS_FORM}`),
    v.metadata({ form: ADDRESS_FORM, json: { type: 'string', examples } } satisfies FieldFacts),
  );
}

function sizeAtLeast(bytes: number, shown: string) {
  return v.pipe(
    size,
    v.minValue(bytes, `cannot use this value: at least ${shown}`),
    v.metadata({ form: `${SIZE_FORM}, at least ${shown}` }),
  );
}

function whole(least: number, most: number) {
  const form = `a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(`cannot use this value: write ${form}`),
    v.check(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `cannot use this value: write ${form}`,
    ),
    v.metadata({ form, json: { type: 'integer', minimum: least, maximum: most } } satisfies FieldFacts),
  );
}

const yes = v.pipe(
  v.boolean('cannot use this value: write true or false'),
  v.metadata({ form: 'true or false', json: { type: 'boolean' } } satisfies FieldFacts),
);

function listOf(what: string, examples: readonly string[]) {
  return v.pipe(
    v.array(text(what), `cannot use this value: write a list of ${what}`),
    v.metadata({
      form: `a list of ${what}`,
      json: { type: 'array', items: { type: 'string', minLength: 1 }, examples: [examples] },
    } satisfies FieldFacts),
  );
}

/** Names of agents are used in tokens, addresses and records. */
export const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const AGENT_FORM = 'letters, digits, dots, dashes and underscores, up to 63';

const agentName = v.pipe(
  v.string(`cannot use this value: write ${AGENT_FORM}`),
  v.regex(AGENT_NAME, `cannot use this value: write ${AGENT_FORM}`),
  v.metadata({
    form: AGENT_FORM,
    json: { type: 'string', pattern: AGENT_NAME.source, examples: ['alpha'] },
  } satisfies FieldFacts),
);

const keep = v.pipe(
  v.optional(
    v.strictObject({
      logs: v.pipe(v.optional(duration), v.description('How long log lines are kept, here and in the hub.')),
      history: v.pipe(
        v.optional(duration),
        v.description('How long all other records are kept: starts, exits, changes of state.'),
      ),
      notifications: v.pipe(
        v.optional(duration),
        v.description('How long the hub keeps notifications; by default as `history`.'),
      ),
      services: v.pipe(
        v.optional(
          v.pipe(
            v.record(text('the name of a service'), duration),
            v.metadata({
              form: 'names of services and durations',
              json: {
                type: 'object',
                additionalProperties: { type: 'string' },
                examples: [{ firehose: '2d' }],
              },
            } satisfies FieldFacts),
          ),
        ),
        v.description('How long the hub keeps log lines of some services.'),
      ),
      size: v.pipe(
        v.optional(sizeAtLeast(16_777_216, '16M')),
        v.description(
          'How large the stored time line of this machine may become; the oldest records go first.',
        ),
      ),
      'hub-size': v.pipe(
        v.optional(sizeAtLeast(67_108_864, '64M')),
        v.description('How large the store of the hub may become; the oldest log lines go first.'),
      ),
      free: v.pipe(v.optional(size), v.description('So much of its disk the hub leaves free.')),
      looks: v.pipe(
        v.optional(duration),
        v.description('How long it is kept what watches saw, for `vahti try`.'),
      ),
      'looks-size': v.pipe(
        v.optional(sizeAtLeast(1_048_576, '1M')),
        v.description('How large what watches saw may become; the oldest goes first.'),
      ),
    }),
  ),
  v.description('How long records are kept, and in how much space.'),
);

const listening = {
  listen: v.pipe(
    v.optional(address(['127.0.0.1:7080'])),
    v.description(
      'Runs a hub on this machine, as the service `hub`, and sends the records of this machine there. Beyond this machine only where the address says so.',
    ),
  ),
  tls: v.pipe(
    v.optional(
      v.strictObject({
        cert: v.pipe(text('a file'), v.description('The certificate and those that signed it, PEM.')),
        key: v.pipe(text('a file'), v.description('Its key, PEM.')),
      }),
    ),
    v.description('Has the hub speak TLS.'),
  ),
  origins: v.pipe(
    v.optional(listOf('origins such as https://page.example', ['https://page.example'])),
    v.description('Other places whose pages may connect to the hub, such as `https://page.example`.'),
  ),
  proxies: v.pipe(
    v.optional(listOf('IP addresses of proxies', ['127.0.0.1'])),
    v.description(
      'Proxies in front of the hub: who comes through them, and whether by TLS, is what they say (`X-Forwarded-For`, `X-Forwarded-Proto`).',
    ),
  ),
  syslog: v.pipe(
    v.optional(
      v.strictObject({
        listen: v.pipe(
          address(['127.0.0.1:6514']),
          v.description(
            'Where to take syslog, by TCP and by UDP. Whoever reaches it can write: it knows no token.',
          ),
        ),
        agent: v.pipe(agentName, v.description('Whose records those are.')),
        zone: v.pipe(v.optional(zoneName), v.description('The zone of times that name none (RFC 3164).')),
      }),
    ),
    v.description('Has the hub take syslog (RFC 5424 and RFC 3164).'),
  ),
  limits: v.pipe(
    v.optional(
      v.strictObject({
        records: v.pipe(
          v.optional(whole(1, 10_000_000)),
          v.description('How many records one agent may send a second, as a mean over five.'),
        ),
        bytes: v.pipe(
          v.optional(size),
          v.description('How much one agent may send a second, as a mean over five.'),
        ),
      }),
    ),
    v.description('What one agent may send, so that it does not crowd out the others.'),
  ),
  'clean-up': v.pipe(
    v.optional(duration),
    v.description('How often what is past its time is deleted; it is seen no more at once.'),
  ),
  'public-statistics': v.pipe(
    v.optional(yes),
    v.description('Has `/publicStatistics` answer without a token, as the old service did.'),
  ),
  'status-page': statusPageConfig,
  'old-tokens': v.pipe(
    v.optional(text('a file')),
    v.description('The public key, PEM, of an old auth backend whose signed tokens are to be taken too.'),
  ),
};

const sending = {
  url: v.pipe(
    v.optional(
      v.pipe(
        v.string(`cannot use this value: write ${URL_FORM}`),
        v.check(
          (value) => /^(?:https?|wss?):\/\/[^?#]+$/.test(value) && URL.canParse(value),
          `cannot use this value: write ${URL_FORM}`,
        ),
        v.metadata({
          form: URL_FORM,
          json: { type: 'string', pattern: '^(https?|wss?)://[^?#]+$', examples: ['wss://hub.example'] },
        } satisfies FieldFacts),
      ),
    ),
    v.description('Sends the records of this machine to a hub elsewhere.'),
  ),
  token: v.pipe(
    v.optional(text('$NAME or file:PATH')),
    v.description(
      'The token of this machine there (`vahti token create agent NAME`): `$NAME` or `file:PATH`, never itself.',
    ),
  ),
  ca: v.pipe(
    v.optional(text('a file')),
    v.description('Certificates to trust there beside those of the system, PEM.'),
  ),
  agent: v.pipe(
    v.optional(agentName),
    v.description('What the hub of this machine calls this machine; by default its host name.'),
  ),
};

const act = v.pipe(
  v.optional(yes),
  v.description(
    'Whether people may act on this machine through its hub: start, stop and restart services, snooze watches, run jobs. They may always look.',
  ),
);

export const hubConfig = v.pipe(
  v.strictObject({ ...listening, ...sending, act, keep }),
  v.description('Where records are kept, and how long, and where they are sent (see docs/hub.md).'),
);

export type HubConfig = v.InferOutput<typeof hubConfig>;
