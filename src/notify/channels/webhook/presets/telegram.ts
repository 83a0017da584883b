import * as v from 'valibot';
import { type ChatStyle, renderChat } from '../../../rendering/chat.ts';
import type { Preset } from '../preset.ts';
import { parseJson } from '../../../http/parse-json.ts';

/** core.telegram.org/bots/api#html-style: &, < and > are escaped; a gap keeps @names from being called. */
const HTML: ChatStyle = {
  text: (text) => escapeEntities(text).replaceAll('@', '@\u200b'),
  bold: (text) => `<b>${escapeEntities(text).replaceAll('@', '@\u200b')}</b>`,
  code: (text) => `<code>${escapeEntities(text)}</code>`,
  block: (text) => `<pre>${escapeEntities(text)}</pre>`,
  size: (written) => written.length,
};

function escapeEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** After parsing; as it is written it is never shorter. */
const MOST = 4096;

const flood = v.object({ parameters: v.object({ retry_after: v.pipe(v.number(), v.minValue(0)) }) });

/** Telegram, a bot's sendMessage: core.telegram.org/bots/api#sendmessage. */
export const telegram: Preset = {
  name: 'telegram',
  matches: ({ hostname }) => hostname === 'api.telegram.org',
  secretAddress: true,
  needs: 'chat',
  posts({ outline, chat }) {
    const text = renderChat(outline, { style: HTML, most: MOST, title: true });
    const link_preview_options = { is_disabled: true };
    return [{ body: { chat_id: chat, text, parse_mode: 'HTML', link_preview_options } }];
  },
  /** Seconds, in the body alone: core.telegram.org/bots/api#responseparameters. */
  asked({ body }) {
    const said = v.safeParse(flood, parseJson(body));
    return said.success ? Math.min(said.output.parameters.retry_after * 1000, 3_600_000) : undefined;
  },
};
