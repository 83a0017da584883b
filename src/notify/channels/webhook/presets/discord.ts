import { renderChat } from '../../../rendering/chat.ts';
import { clip } from '../../../rendering/clean.ts';
import { isoTime } from '../../../rendering/moments.ts';
import type { Tone } from '../../../rendering/outline.ts';
import type { Preset } from '../preset.ts';
import { MARKDOWN } from './markdown.ts';

/** docs.discord.com/developers/resources/message: content 2000, description 4096, footer 2048, all of an embed 6000 characters. */
const DESCRIPTION = 4096;
const FOOTER = 500;

const COLOUR: Readonly<Record<Tone, number>> = {
  bad: 0xd92d20,
  warn: 0xf79009,
  good: 0x12b76a,
  plain: 0x667085,
};

/** Discord, a webhook: docs.discord.com/developers/resources/webhook#execute-webhook. */
export const discord: Preset = {
  name: 'discord',
  matches: ({ hostname, pathname }) =>
    /(^|\.)(discord|discordapp)\.com$/.test(hostname) && pathname.startsWith('/api/'),
  secretAddress: true,
  posts({ notice, outline, url }) {
    const embed = {
      description: renderChat(outline, { style: MARKDOWN, most: DESCRIPTION, title: false }),
      color: COLOUR[outline.tone],
      footer: { text: clip(outline.origin, FOOTER) },
      timestamp: isoTime(notice.at),
    };
    const body = {
      // What phones show.
      content: MARKDOWN.bold(outline.title),
      embeds: embed.description === '' ? [] : [embed],
      // Whatever a log says, nobody is called by it.
      allowed_mentions: { parse: [] },
    };
    // So it answers once the message is there, and not before.
    const waiting = new URL(url.href);
    waiting.searchParams.set('wait', 'true');
    return [{ body, url: waiting }];
  },
};
