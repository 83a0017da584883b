import { hostname } from 'node:os';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Notice } from '../../../core/channel.ts';
import { levelName } from '../../../core/record.ts';
import { cleanLine, clip } from '../../rendering/clean.ts';
import { renderHtml } from '../../rendering/html.ts';
import { outlineOf } from '../../rendering/outline.ts';
import { renderText } from '../../rendering/text.ts';
import type { Mailbox } from './addresses.ts';

export interface Letter {
  readonly from: Mailbox;
  readonly to: readonly string[];
  readonly zone: string;
}

/** Threads are found by a few; a header is no list of all that is down. */
const MOST_REFERENCES = 20;

/**
 * The message of a notice, complete, with \r\n. Whatever the try, it has the same Message-ID, date and recipients: who gets it twice can
 * see that it is one. All that is said of an incident refers to it, so that mail programs show it as one thread.
 */
export function composeMessage(notice: Notice, { from, to, zone }: Letter): Promise<Buffer> {
  const { id, thread, event, host, level, items, at } = notice;
  const outline = outlineOf(notice, zone);
  const own = messageId(id, host);
  const earlier = thread === id ? [] : [messageId(thread, host)];
  const incidents = items.slice(0, MOST_REFERENCES).map((item) => messageId(item.id, host));
  const references = [...new Set([...incidents, ...earlier])].filter((each) => each !== own);
  const services = [...new Set(items.map(({ service }) => service))].join(', ');
  const composer = new MailComposer({
    from: { name: from.name, address: from.address },
    // A local user is named in full: a header has no half addresses.
    to: to.map((each) => (each.includes('@') ? each : `${each}@${hostname()}`)),
    subject: outline.title,
    text: renderText(outline),
    html: renderHtml(outline),
    messageId: own,
    date: new Date(at),
    references,
    ...(earlier[0] === undefined ? {} : { inReplyTo: earlier[0] }),
    headers: {
      // RFC 3834: no out-of-office message answers it; Exchange goes by a header of its own.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Vahti-Event': event,
      'X-Vahti-Level': levelName(level),
      'X-Vahti-Host': clip(cleanLine(host), 200),
      ...(services === '' ? {} : { 'X-Vahti-Services': clip(cleanLine(services), 500) }),
    },
    newline: 'windows',
    // What a log says is text: no file, no address is ever read for it.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return new Promise((resolve, reject) => {
    composer.compile().build((error, message) => (error === null ? resolve(message) : reject(error)));
  });
}

/** The id of a notice or an incident as RFC 5322 wants it: other characters are written by their number, so that ids stay apart. */
export function messageId(id: string, host: string): string {
  const escape = (text: string): string =>
    text.replaceAll(/[^A-Za-z0-9-]/gu, (char) =>
      char === '.' ? '.' : `_${char.codePointAt(0)?.toString(16)}_`,
    );
  const domain = escape(host).replaceAll(/^\.+|\.+$|\.(?=\.)/g, '');
  return `<${escape(id).replaceAll('.', '_2e_')}@${domain === '' ? 'localhost' : domain}>`;
}
