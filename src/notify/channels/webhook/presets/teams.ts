import { PLAIN, renderChat } from '../../../rendering/chat.ts';
import type { Tone } from '../../../rendering/outline.ts';
import type { Preset } from '../preset.ts';

/**
 * A message has 28 KB (learn.microsoft.com/microsoftteams/limits-specifications-teams), counted at two bytes a character by some ways
 * in. With what is around each line this stays below a half of it.
 */
const MOST = 2500;

const STYLE: Readonly<Record<Tone, string>> = {
  bad: 'attention',
  warn: 'warning',
  good: 'good',
  plain: 'default',
};

/** A text that is shown as it is: unlike a TextBlock it knows no marks. Newlines do not count, so there is one for each line. */
function line(text: string, look: object = {}) {
  return { type: 'RichTextBlock', spacing: 'None', inlines: [{ type: 'TextRun', text, ...look }] };
}

/** Microsoft Teams, a workflow that posts a card: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors. */
export const teams: Preset = {
  name: 'teams',
  matches: ({ hostname }) => /\.(webhook\.office|logic\.azure|api\.powerplatform)\.com$/.test(hostname),
  secretAddress: true,
  posts({ outline }) {
    const details = renderChat(outline, { style: PLAIN, most: MOST, title: false });
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
      fallbackText: outline.title,
      msteams: { width: 'Full' },
      body: [
        {
          type: 'Container',
          style: STYLE[outline.tone],
          bleed: true,
          items: [line(outline.title, { weight: 'Bolder', size: 'Medium' })],
        },
        ...details.split('\n').map((each) => line(each)),
        line(outline.origin, { isSubtle: true, size: 'Small' }),
      ],
    };
    const contentType = 'application/vnd.microsoft.card.adaptive';
    return [{ body: { type: 'message', attachments: [{ contentType, contentUrl: null, content }] } }];
  },
};
