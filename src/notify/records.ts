import type { RecordDraft } from '../core/record.ts';
import { LEVELS } from '../core/record.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { TryOutcome } from './retry.ts';

/** What the time line hears of notifications: kinds `notification` (decided) and `delivery` (what came of it). */

/** Who is told what from now on. */
export function notificationRecord(row: OutboxRow, services: readonly string[], at: number): RecordDraft {
  const { id: notice, channel, event, title } = row;
  return {
    time: at,
    service: services.length === 1 ? (services[0] ?? '') : '',
    life: '',
    kind: 'notification',
    level: LEVELS.info,
    sender: 'notify',
    message: `to ${channel}: ${title}`,
    fields: { notice, channel, event, ...(services.length > 1 ? { services } : {}) },
  };
}

/** What came of a try: a delivery always, a failure when it is the first or another one than before. */
export function deliveryRecords(
  row: OutboxRow,
  before: OutboxRow,
  outcome: TryOutcome,
  { at, nextAt }: { readonly at: number; readonly nextAt: number },
): readonly RecordDraft[] {
  const { id: notice, channel, event, tries, title } = row;
  const services = [...new Set((row.notice?.items ?? []).map((item) => item.service))];
  const base = {
    time: at,
    service: services.length === 1 ? (services[0] ?? '') : '',
    life: '',
    kind: 'delivery',
    sender: channel,
  } as const;
  const fields = { notice, channel, event, tries, outcome: outcome.kind };
  if (outcome.kind === 'delivered') {
    const late = tries > 1 ? ` (try ${tries})` : '';
    const message = `${channel} took${late}: ${row.notice?.title ?? title}`;
    return [{ ...base, level: LEVELS.info, message, fields: { ...fields, detail: outcome.detail } }];
  }
  if (row.error === before.error) return [];
  const next = new Date(Math.max(nextAt, row.notBefore)).toISOString();
  const message = `${channel} did not take: ${row.notice?.title ?? title}: ${row.error}; next try at ${next}`;
  return [{ ...base, level: LEVELS.warn, message, fields }];
}

export function retriedRecord(
  { id: notice, channel, event, title }: OutboxRow,
  who: string,
  at: number,
): RecordDraft {
  const message = `tried again for ${who}: the message to ${channel}: ${title}`;
  const fields = { notice, channel, event, outcome: 'retried', who };
  return {
    time: at,
    service: '',
    life: '',
    kind: 'delivery',
    level: LEVELS.info,
    sender: channel,
    message,
    fields,
  };
}

export function droppedRecord(
  { id: notice, channel, event, title }: OutboxRow,
  who: string,
  at: number,
): RecordDraft {
  const message = `given up by ${who}: the message to ${channel}: ${title}`;
  const fields = { notice, channel, event, outcome: 'dropped', who };
  return {
    time: at,
    service: '',
    life: '',
    kind: 'delivery',
    level: LEVELS.warn,
    sender: channel,
    message,
    fields,
  };
}
