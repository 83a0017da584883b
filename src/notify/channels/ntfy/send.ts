import { resolve } from 'node:path';
import * as v from 'valibot';
import type { Channel } from '../../../core/channel.ts';
import { fillReferences, resolveReference } from '../../../core/references.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import type { ChannelContext } from '../../channel-kind.ts';
import { judgePost } from '../../http/judge.ts';
import { parseJson } from '../../http/parse-json.ts';
import { type Answer, post } from '../../http/post.ts';
import { secretsOf } from '../../http/redact.ts';
import { clip } from '../../rendering/clean.ts';
import type { NtfyOptions } from './options.ts';
import { payloadOf } from './payload.ts';

const TOPIC = /^[-_A-Za-z0-9]{1,64}$/;

export function createNtfy(options: NtfyOptions, context: ChannelContext): Channel {
  const { clock, folder, env, zone } = context;
  return {
    async send(notice, signal) {
      const access = readAccess(options, context);
      if (!access.ok) return { kind: 'failed', reason: access.error, retry: false };
      const { server, topic, headers, secrets } = access.value;
      const outcome = await post({
        url: server,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'vahti',
          'idempotency-key': notice.id.replaceAll(/[^\w-]/g, '_'),
          ...headers,
        },
        body: JSON.stringify(payloadOf(notice, { topic, click: options.click, zone })),
        ca: options.ca === undefined ? undefined : resolve(folder, options.ca),
        env,
        clock,
        signal,
      });
      return judgePost(outcome, { url: server, secrets, now: clock.now(), detail: takenAs });
    },
  };
}

const published = v.object({ id: v.string() });

/** The answer repeats the topic, which may be a secret: only its id is told. */
function takenAs({ status, body }: Answer): string {
  const said = v.safeParse(published, parseJson(body));
  return said.success ? `${status} as ${clip(said.output.id, 40)}` : String(status);
}

interface Access {
  readonly server: URL;
  readonly topic: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

function readAccess({ url, ...login }: NtfyOptions, context: ChannelContext): Result<Access, string> {
  const filled = fillReferences(url, context.folder, context.env);
  if (!filled.ok) return err(`cannot find the address: ${filled.error}`);
  const { text, secrets } = filled.value;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return err('cannot use the address: it is no http or https address');
  const server = new URL(text);
  const [, base = '', topic = ''] = /^(.*\/)([^/]+)\/?$/.exec(server.pathname) ?? [];
  if (!TOPIC.test(topic))
    return err('cannot use the address: it ends with no topic (letters, digits, - and _, up to 64)');
  const headers = authorization(login, context);
  if (!headers.ok) return headers;
  const hidden = [...secrets, ...secretsOf(server), topic, ...Object.values(headers.value)];
  server.pathname = base;
  server.search = '';
  return ok({ server, topic, headers: headers.value, secrets: hidden });
}

function authorization(
  { token, user, password }: Omit<NtfyOptions, 'url'>,
  { folder, env }: ChannelContext,
): Result<Record<string, string>, string> {
  const written = token ?? password;
  if (written === undefined) return ok({});
  const secret = resolveReference(written, folder, env);
  if (!secret.ok) return err(`cannot log in: ${secret.error}`);
  if (!/^[\u0020-\u007e]+$/.test(secret.value) && token !== undefined)
    return err('cannot log in: the token holds what no token can');
  const login = Buffer.from(`${user ?? ''}:${secret.value}`).toString('base64');
  return ok({ authorization: token === undefined ? `Basic ${login}` : `Bearer ${secret.value}` });
}
