import type { NoticeEvent } from '../core/channel.ts';
import { type Incident, subjectName } from './incident.ts';
import type { OutboxReader } from './outbox-read.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { ReasonName } from './stages/hold.ts';

/** What `vahti notifications` shows. Times are wall milliseconds. */
export interface NotificationsView {
  readonly channels: readonly ChannelView[];
  readonly incidents: readonly IncidentView[];
  /** Newest first. */
  readonly messages: readonly MessageView[];
}

export interface ChannelView {
  readonly name: string;
  /** False: it is not in the config any more, but something waits for it. */
  readonly configured: boolean;
  readonly pending: number;
  /** Why the last try failed; empty where it did not. */
  readonly error: string;
  /** Nothing is tried before then; null where nothing holds it. */
  readonly nextTryAt: number | null;
  readonly lastDeliveredAt: number | null;
  readonly nextDigestAt: number | null;
}

/** Something in trouble, and who knows. */
export interface IncidentView {
  readonly id: string;
  readonly service: string;
  readonly subject: string;
  readonly state: string;
  readonly level: number;
  readonly since: number;
  readonly reason: string;
  readonly channels: readonly {
    readonly channel: string;
    readonly toldAt: number | null;
    readonly lastAt: number | null;
    /** Why nothing is said now. */
    readonly by: ReasonName | null;
    readonly why: string;
    readonly until: number | null;
  }[];
}

export interface MessageView {
  readonly id: string;
  readonly channel: string;
  readonly event: NoticeEvent;
  readonly title: string;
  /** `failing`: it waits, and its last try failed. `refused`: the far side says that it can never take it. */
  readonly state: 'pending' | 'failing' | 'refused' | 'delivered' | 'folded' | 'dropped';
  readonly at: number;
  readonly dueAt: number;
  readonly tries: number;
  readonly error: string;
  readonly deliveredAt: number | null;
  readonly detail: string;
  readonly foldedInto: string;
}

export interface ViewQuery {
  /** Only what is not delivered yet. */
  readonly pending?: boolean;
  /** At most so many messages; default 50. */
  readonly most?: number;
}

/** @param configured the names of the channels that the config has; without the daemon those that were ever used. */
export function viewNotifications(
  outbox: OutboxReader,
  configured: readonly string[] | undefined,
  { pending = false, most = 50 }: ViewQuery = {},
): NotificationsView {
  return {
    channels: channelViews(outbox, configured),
    incidents: outbox.open().map((incident) => incidentView(outbox, incident)),
    messages: outbox.newest(most, pending).map(messageView),
  };
}

function channelViews(
  outbox: OutboxReader,
  configured: readonly string[] | undefined,
): readonly ChannelView[] {
  const states = new Map(outbox.channels().map((state) => [state.name, state]));
  const own = configured ?? [...states.keys()];
  const names = new Set([...own, ...outbox.waitingChannels()]);
  return [...names].map((name) => {
    const { error = '', notBefore = 0, lastDeliveredAt = null, digestAt = null } = states.get(name) ?? {};
    const rows = outbox.pending(name);
    const ownWait =
      rows.length === 0 ? 0 : Math.max(notBefore, Math.min(...rows.map((row) => row.notBefore)));
    return {
      name,
      configured: own.includes(name),
      pending: rows.length,
      error,
      nextTryAt: ownWait === 0 ? null : ownWait,
      lastDeliveredAt,
      nextDigestAt: digestAt,
    };
  });
}

function incidentView(outbox: OutboxReader, incident: Incident): IncidentView {
  const { id, service, state, level, since, reason } = incident;
  const channels = outbox.tellings(id).map(({ channel, toldAt, lastAt, hold }) => ({
    channel,
    toldAt,
    lastAt,
    by: hold?.by ?? null,
    why: hold?.why ?? '',
    until: hold?.until ?? null,
  }));
  return { id, service, subject: subjectName(incident), state, level, since, reason, channels };
}

function messageView(row: OutboxRow): MessageView {
  const { id, channel, event, at, dueAt, tries, error, deliveredAt, detail, foldedInto, refused } = row;
  const waits = refused ? 'refused' : error === '' ? 'pending' : 'failing';
  const state = row.state === 'pending' ? waits : row.state;
  const title = row.notice?.title ?? row.title;
  return { id, channel, event, title, state, at, dueAt, tries, error, deliveredAt, detail, foldedInto };
}
