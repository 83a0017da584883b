import { resolve } from 'node:path';
import type { Channel, DeliveryOutcome, Notice } from '../../../core/channel.ts';
import { fillReferences, resolveReference } from '../../../core/references.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import type { ChannelContext } from '../../channel-kind.ts';
import { judgePost } from '../../http/judge.ts';
import { post } from '../../http/post.ts';
import { secretsOf } from '../../http/redact.ts';
import { outlineOf } from '../../rendering/outline.ts';
import { fillTemplate } from '../../rendering/placeholders.ts';
import type { WebhookOptions } from './options.ts';
import type { Post, Preset, PresetInput } from './preset.ts';
import { presetOf } from './presets/registry.ts';
import { readSigningSecret, webhookHeaders, webhookId } from './signature.ts';

/** Far sides take less; a larger one is a mistake in a template. */
const MOST_BYTES = 524_288;

/** What the options stand for now. Secrets are looked up at each try: they may have changed. */
interface Access {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signingKey: Buffer | undefined;
  readonly routingKey: string | undefined;
  readonly secrets: readonly string[];
}

export function createWebhook(options: WebhookOptions, context: ChannelContext): Channel {
  return {
    async send(notice, signal, taken = []) {
      const access = readAccess(options, context);
      if (!access.ok) return refusal(access.error);
      const posts = postsOf(options, context, notice, access.value);
      if (!posts.ok) return refusal(posts.error);
      const { preset, all } = posts.value;
      const done = [...taken];
      let last: DeliveryOutcome = { kind: 'delivered', detail: 'all of it was taken before' };
      for (const each of all) {
        if (each.key !== undefined && done.includes(each.key)) continue;
        last = await postOne(each, notice, { options, context, access: access.value, preset, signal });
        if (last.kind === 'failed') return done.length === 0 ? last : { ...last, taken: done };
        if (each.key !== undefined) done.push(each.key);
      }
      return last;
    },
  };
}

function refusal(reason: string): DeliveryOutcome {
  return { kind: 'failed', reason, retry: false };
}

function readAccess(options: WebhookOptions, { folder, env }: ChannelContext): Result<Access, string> {
  const secrets: string[] = [];
  const url = fillReferences(options.url, folder, env);
  if (!url.ok) return err(`cannot find the address: ${url.error}`);
  if (!/^https?:\/\//i.test(url.value.text.trim()) || !URL.canParse(url.value.text))
    return err('cannot use the address: it is no http or https address');
  const address = new URL(url.value.text);
  secrets.push(...url.value.secrets, ...secretsOf(address));
  const headers: Record<string, string> = {};
  for (const [name, written] of Object.entries(options.headers ?? {})) {
    const filled = fillReferences(written, folder, env);
    if (!filled.ok) return err(`cannot send the header ${name}: ${filled.error}`);
    if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(filled.value.text))
      return err(`cannot send the header ${name}: it holds what no header can`);
    headers[name.toLowerCase()] = filled.value.text;
    secrets.push(...filled.value.secrets);
  }
  const found: Record<string, string> = {};
  for (const name of ['secret', 'routing-key'] as const) {
    const written = options[name];
    if (written === undefined) continue;
    const value = resolveReference(written, folder, env);
    if (!value.ok) return err(`cannot find \`${name}\`: ${value.error}`);
    found[name] = value.value;
    secrets.push(value.value);
  }
  const key = found['secret'] === undefined ? ok(undefined) : readSigningSecret(found['secret']);
  if (!key.ok) return key;
  return ok({ url: address, headers, signingKey: key.value, routingKey: found['routing-key'], secrets });
}

interface Posts {
  readonly preset: Preset;
  readonly all: readonly Post[];
}

function postsOf(
  { template, chat }: WebhookOptions,
  { zone }: ChannelContext,
  notice: Notice,
  { url, routingKey }: Access,
): Result<Posts, string> {
  const name = typeof template === 'string' ? template : undefined;
  const preset = typeof template === 'object' ? presetOf('generic', url) : presetOf(name, url);
  const outline = outlineOf(notice, zone);
  if (typeof template === 'object')
    return ok({ preset, all: [{ body: fillTemplate(template, notice, outline) }] });
  const input: PresetInput = { notice, outline, url, routingKey, chat };
  const lacking =
    (preset.needs === 'chat' && chat === undefined) ||
    (preset.needs === 'routing-key' && routingKey === undefined);
  if (lacking) return err(`cannot write to ${preset.name} without \`${preset.needs}\` in the config`);
  return ok({ preset, all: preset.posts(input) });
}

interface Sending {
  readonly options: WebhookOptions;
  readonly context: ChannelContext;
  readonly access: Access;
  readonly preset: Preset;
  readonly signal: AbortSignal;
}

async function postOne(
  { key, body: content, url }: Post,
  notice: Notice,
  { options, context, access, preset, signal }: Sending,
): Promise<DeliveryOutcome> {
  const { clock, folder, env } = context;
  const body = JSON.stringify(content);
  const bytes = Buffer.byteLength(body);
  if (bytes > MOST_BYTES)
    return refusal(`cannot post ${bytes} bytes: ${MOST_BYTES} at most; shorten the template`);
  const id = key === undefined ? notice.id : `${notice.id}_${key}`;
  const outcome = await post({
    url: url ?? access.url,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'vahti',
      accept: '*/*',
      'idempotency-key': webhookId(id),
      ...webhookHeaders({ id, now: clock.now(), body }, access.signingKey),
      ...access.headers,
    },
    body,
    ca: options.ca === undefined ? undefined : resolve(folder, options.ca),
    env,
    clock,
    signal,
  });
  const { url: address, secrets } = access;
  return judgePost(outcome, { url: address, secrets, now: clock.now(), asked: preset.asked });
}
