import { type ChatStyle, renderChat } from '../../../rendering/chat.ts';
import { clip } from '../../../rendering/clean.ts';
import type { Preset } from '../preset.ts';

const GAP = '\u200b';

/** Slack's mrkdwn: only &, < and > are escaped (docs.slack.dev/messaging/formatting-message-text); a gap before the other marks undoes them. */
const MRKDWN: ChatStyle = {
  text: (text) => escapeEntities(text).replaceAll(/[*_~`]/g, (mark) => `${GAP}${mark}`),
  bold: (text) => `*${escapeEntities(text).replaceAll('*', '')}*`,
  code: (text) => `\`${escapeEntities(text).replaceAll('`', "'")}\``,
  block: (text) => `\`\`\`\n${escapeEntities(text).replaceAll('```', "'''")}\n\`\`\``,
  size: (written) => written.length,
};

function escapeEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** docs.slack.dev/reference/block-kit/blocks: a header has 150 characters, the text of a section 3000. */
const HEADER = 150;
const SECTION = 3000;

/** Slack, an incoming webhook: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. */
export const slack: Preset = {
  name: 'slack',
  matches: ({ hostname }) => hostname === 'hooks.slack.com' || hostname === 'hooks.slack-gov.com',
  secretAddress: true,
  posts({ outline }) {
    const details = renderChat(outline, { style: MRKDWN, most: SECTION, title: false });
    const header = { type: 'plain_text', text: clip(outline.title, HEADER), emoji: false };
    const section = { type: 'mrkdwn', text: details, verbatim: true };
    const body = {
      // What phones show, and who does not know blocks.
      text: escapeEntities(outline.title),
      blocks: [
        { type: 'header', text: header },
        ...(details === '' ? [] : [{ type: 'section', text: section }]),
        { type: 'context', elements: [{ type: 'plain_text', text: outline.origin, emoji: false }] },
      ],
    };
    return [{ body }];
  },
};
