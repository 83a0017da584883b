import type { ChatStyle } from '../../../rendering/chat.ts';

const MARKS = /[\\`*_~|<>#[\]()]/g;
/** A space of no width: it keeps marks from being one. */
const GAP = '\u200b';

/** CommonMark as chats read it: every mark escaped, logs in a fence that they cannot close. */
export const MARKDOWN: ChatStyle = {
  text: (text) => escapeMarkdown(text),
  bold: (text) => `**${escapeMarkdown(text)}**`,
  code: (text) => `\`${text.replaceAll('`', "'")}\``,
  block: (text) => `\`\`\`\n${text.replaceAll('```', `\`${GAP}\`${GAP}\``)}\n\`\`\``,
  size: (written) => written.length,
};

/** Nobody is called by what a log says: `@channel` stays a word. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(MARKS, (mark) => `\\${mark}`).replaceAll('@', `@${GAP}`);
}
