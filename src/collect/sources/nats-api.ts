import type { NatsConnection } from '@nats-io/transport-node';
import * as v from 'valibot';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { nanosOf, type StreamFacts } from './nats-standing.ts';

const ANSWER_MS = 10_000;
/** A consumer that nobody asks any more is removed by its server after this. */
const ABANDONED_MS = 60_000;
const NANOS = 1_000_000;
const NOBODY = '_INBOX.nobody';

/** The error codes of JetStream's API that are no trouble (server/errors.json of nats-server). */
const NO_MESSAGE = 10_037;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Info = v.object({
  created: v.string(),
  state: v.object({ first_seq: count, first_ts: v.string(), last_seq: count }),
});
const Stored = v.object({ message: v.object({ time: v.string() }) });
const Created = v.object({ name: v.string() });
const Failed = v.object({
  error: v.object({
    code: v.number(),
    err_code: v.optional(v.number()),
    description: v.optional(v.string()),
  }),
});

/** What we ask of JetStream beside messages. Errors are what to tell. */
export interface JetStreamApi {
  stream(): Promise<Result<StreamFacts, string>>;
  /** The time of a message, nanoseconds since 1970; undefined where there is none under that number. */
  timeOf(seq: number): Promise<Result<bigint | undefined, string>>;
  /** Makes a consumer in the server's memory that nobody needs to acknowledge; answers its name. */
  consume(from: number, subject: string | undefined): Promise<Result<string, string>>;
  /** Asks for messages, to `inbox`. */
  pull(consumer: string, inbox: string, limits: PullLimits): void;
  /** Takes a consumer off the server. Nobody waits for the answer. */
  forget(consumer: string): void;
}

export interface PullLimits {
  readonly messages: number;
  /** undefined: as many as it takes. */
  readonly bytes: number | undefined;
  readonly expiresMs: number;
  readonly heartbeatMs: number;
}

/** JetStream's JSON API (docs.nats.io/reference/reference-protocols/nats_api_reference) for one stream. */
export function createJetStreamApi(
  connection: NatsConnection,
  stream: string,
  domain: string | undefined,
): JetStreamApi {
  const prefix = domain === undefined ? '$JS.API' : `$JS.${domain}.API`;

  const ask = <T>(verb: string, body: object, schema: v.GenericSchema<unknown, T>) =>
    request(connection, { prefix, verb, body }, schema);

  const tell = (verb: string, body: string, reply: string): void => {
    if (!connection.isClosed()) connection.publish(`${prefix}.${verb}`, body, { reply });
  };

  return {
    async stream() {
      const found = await ask(`STREAM.INFO.${stream}`, {}, Info);
      if (!found.ok) return err(found.error.text);
      const { created, state } = found.value;
      return ok({ created, firstSeq: state.first_seq, firstTime: state.first_ts, lastSeq: state.last_seq });
    },
    async timeOf(seq) {
      const found = await ask(`STREAM.MSG.GET.${stream}`, { seq }, Stored);
      if (found.ok) return ok(nanosOf(found.value.message.time));
      return found.error.code === NO_MESSAGE ? ok(undefined) : err(found.error.text);
    },
    async consume(from, subject) {
      const config = {
        deliver_policy: 'by_start_sequence',
        opt_start_seq: Math.max(1, from),
        ack_policy: 'none',
        replay_policy: 'instant',
        inactive_threshold: ABANDONED_MS * NANOS,
        num_replicas: 1,
        mem_storage: true,
        ...(subject === undefined ? {} : { filter_subject: subject }),
      };
      const made = await ask(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config }, Created);
      return made.ok ? ok(made.value.name) : err(made.error.text);
    },
    pull(consumer, inbox, { messages, bytes, expiresMs, heartbeatMs }) {
      const body = {
        batch: messages,
        ...(bytes === undefined ? {} : { max_bytes: bytes }),
        expires: expiresMs * NANOS,
        idle_heartbeat: heartbeatMs * NANOS,
      };
      tell(`CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(body), inbox);
    },
    // Requests that name nobody to answer to are ignored.
    forget: (consumer) => tell(`CONSUMER.DELETE.${stream}.${consumer}`, '', NOBODY),
  };
}

interface Trouble {
  readonly text: string;
  readonly code?: number;
}

async function request<T>(
  connection: NatsConnection,
  { prefix, verb, body }: { readonly prefix: string; readonly verb: string; readonly body: object },
  schema: v.GenericSchema<unknown, T>,
): Promise<Result<T, Trouble>> {
  let answer: unknown;
  try {
    const asked = JSON.stringify(body);
    const message = await connection.request(`${prefix}.${verb}`, asked, { timeout: ANSWER_MS });
    answer = JSON.parse(message.string());
  } catch (thrown) {
    const { name, message } = asError(thrown);
    if (name === 'TimeoutError')
      return err({ text: `no answer to ${verb} within ${ANSWER_MS / 1000} s; may we ask it?` });
    return err({ text: message.startsWith('no responders') ? 'the server has no JetStream' : message });
  }
  const failed = v.safeParse(Failed, answer);
  if (failed.success) {
    const { code, err_code: errCode, description = `error ${code}` } = failed.output.error;
    return err({ text: `${verb}: ${description}`, ...(errCode === undefined ? {} : { code: errCode }) });
  }
  const read = v.safeParse(schema, answer);
  return read.success ? ok(read.output) : err({ text: `cannot read the answer to ${verb}` });
}
