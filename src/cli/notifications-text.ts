import type { WriteStream } from 'node:tty';
import { levelName } from '../core/record.ts';
import { approximateDuration } from '../core/durations.ts';
import { localText, ownZone } from '../core/zoned-time.ts';
import type { ChannelView, IncidentView, MessageView, NotificationsView } from '../notify/view.ts';
import { colours, paint, type Paint, printable, table } from './output.ts';

/** What `vahti notifications` prints. @param now wall milliseconds. */
export function notificationsText(
  { channels, incidents, messages }: NotificationsView,
  now: number,
  stream: Pick<WriteStream, 'isTTY'>,
): string {
  const colour = colours(stream);
  const zone = ownZone();
  const heading = (...words: readonly string[]): readonly string[] =>
    words.map((word) => paint(colour, 'dim', word));
  const parts = [
    channels.length === 0
      ? 'nobody can be told: there is no channel; `notify:` in the config makes one\n'
      : table([
          heading('CHANNEL', 'WAITING', 'LAST DELIVERED', 'TROUBLE'),
          ...channels.map((each) => channelRow(each, now)),
        ]),
    incidents.length === 0
      ? 'nothing is in trouble\n'
      : table([
          heading('IN TROUBLE', 'STATE', 'FOR', 'TOLD'),
          ...incidents.map((each) => incidentRow(each, now)),
        ]),
    ...(messages.length === 0
      ? []
      : [
          table([
            heading(`MESSAGE OF (${zone})`, 'CHANNEL', 'STATE', 'ID', 'WHAT'),
            ...messages.map((each) => messageRow(each, zone, colour)),
          ]),
        ]),
  ];
  return parts.join('\n');
}

function channelRow(
  { name, configured, pending, error, nextTryAt, lastDeliveredAt, nextDigestAt }: ChannelView,
  now: number,
): readonly string[] {
  const trouble = [
    ...(configured ? [] : ['not in the config any more']),
    ...(error === '' ? [] : [printable(error)]),
    ...(nextTryAt === null || nextTryAt <= now
      ? []
      : [`next try in ${approximateDuration(nextTryAt - now)}`]),
    ...(nextDigestAt === null ? [] : [`digest in ${approximateDuration(Math.max(0, nextDigestAt - now))}`]),
  ];
  const delivered =
    lastDeliveredAt === null ? '-' : `${approximateDuration(Math.max(0, now - lastDeliveredAt))} ago`;
  return [name, String(pending), delivered, trouble.join('; ')];
}

function incidentRow(
  { service, subject, state, level, since, channels }: IncidentView,
  now: number,
): readonly string[] {
  const told = channels.map(({ channel, toldAt, by, why }) => {
    if (by === null || by === 'told') return toldAt === null ? `${channel}: not yet` : `${channel}: told`;
    const held = why === '' ? by : `${by}: ${printable(why)}`;
    return `${channel}: ${toldAt === null ? '' : 'told; '}${held}`;
  });
  return [
    `${service}/${subject}`,
    `${state} (${levelName(level)})`,
    approximateDuration(Math.max(0, now - since)),
    told.length === 0 ? 'nobody' : told.join(', '),
  ];
}

const STATE_PAINT: Readonly<Record<MessageView['state'], Paint>> = {
  pending: 'yellow',
  failing: 'red',
  refused: 'red',
  delivered: 'green',
  folded: 'dim',
  dropped: 'dim',
};

function messageRow(
  { at, channel, state, tries, id, title, error, foldedInto }: MessageView,
  zone: string,
  colour: boolean,
): readonly string[] {
  const more = [
    ...(tries > 1 ? [`${tries} tries`] : []),
    ...(error === '' ? [] : [printable(error)]),
    ...(foldedInto === '' ? [] : [`said in ${foldedInto}`]),
  ];
  const what = more.length === 0 ? printable(title) : `${printable(title)} (${more.join('; ')})`;
  return [localText(at, zone), channel, paint(colour, STATE_PAINT[state], state), id, what];
}
