import { renderChat } from '../../../rendering/chat.ts';
import type { Preset } from '../preset.ts';
import { MARKDOWN } from './markdown.ts';

/** Longer posts are split, on old servers refused: developers.mattermost.com/integrate/webhooks/incoming. */
const MOST = 4000;

/** Mattermost, an incoming webhook. */
export const mattermost: Preset = {
  name: 'mattermost',
  // Everybody has a server of their own.
  matches: () => false,
  secretAddress: true,
  posts({ outline }) {
    const text = renderChat(outline, { style: MARKDOWN, most: MOST, title: true });
    return [{ body: { text } }];
  },
};
