import type { Notice } from '../../../core/channel.ts';
import { LEVELS } from '../../../core/record.ts';
import { type ChatStyle, PLAIN, renderChat } from '../../rendering/chat.ts';
import { clip } from '../../rendering/clean.ts';
import { isOver, outlineOf } from '../../rendering/outline.ts';

/**
 * docs.ntfy.sh/publish: a message has 4,096 bytes, a longer one becomes an attachment; all of the JSON may have twice as many. What
 * phones are sent has to hold the title too.
 */
const MOST_BYTES = 3500;
const TITLE = 200;
/** As JSON it is longer: quotes, backslashes and newlines count twice. */
const BYTES: ChatStyle = {
  ...PLAIN,
  size: (written) => Buffer.byteLength(JSON.stringify(written)) - 2,
};

/** Where a message goes, and how it is shown. */
interface Shown {
  readonly topic: string;
  readonly click: string | undefined;
  readonly zone: string;
}

/** A notice as ntfy takes it: docs.ntfy.sh/publish#publish-as-json. */
export function payloadOf(notice: Notice, { topic, click, zone }: Shown) {
  const outline = outlineOf(notice, zone);
  const { priority, tag } = urgency(notice);
  const message = renderChat(outline, { style: BYTES, most: MOST_BYTES, title: false });
  return {
    topic,
    title: clip(outline.title, TITLE),
    // Without a message ntfy writes "triggered".
    message: message === '' ? outline.origin : message,
    priority,
    tags: [tag],
    ...(click === undefined ? {} : { click }),
  };
}

/** docs.ntfy.sh/publish#message-priority: 1 to 5, 3 is the default; a tag that names an emoji is shown as that. */
function urgency(notice: Notice): { readonly priority: number; readonly tag: string } {
  const { level } = notice;
  if (isOver(notice)) return { priority: 3, tag: 'white_check_mark' };
  if (level >= LEVELS.fatal) return { priority: 5, tag: 'rotating_light' };
  if (level >= LEVELS.error) return { priority: 4, tag: 'rotating_light' };
  if (level >= LEVELS.warn) return { priority: 3, tag: 'warning' };
  return { priority: 2, tag: 'information_source' };
}
