import { FACILITIES, levelOfSeverity } from '../../../wire/syslog/levels.ts';
import { parseSyslog, type SyslogMessage, type SyslogReading } from '../../../wire/syslog/message.ts';
import type { SyslogFrame } from '../../../wire/syslog/frames.ts';
import { fitRecord } from '../../ingest/fit-record.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';

/** The structured data that our own forwarding sends fields in: they get their names back. */
const OWN_DATA = /^vahti@/;
const UNKNOWN = 'unknown_service';

/** @param from the address that it came from: the host where the message names none */
export function recordOfFrame(frame: SyslogFrame, from: string, reading: SyslogReading): IncomingRecord {
  const message = parseSyslog(frame.bytes, reading);
  return fitRecord(
    {
      time: message.time,
      host: message.host === '' ? from : message.host,
      service: message.app === '' ? UNKNOWN : message.app,
      sender: 'syslog',
      level: levelOfSeverity(message.severity),
      message: message.text,
      fields: fieldsOf(message),
      ...(frame.lost === 0 ? {} : { cut: `the end of the message (${frame.lost} bytes)` }),
    },
    reading.now * 1000,
  );
}

function fieldsOf({ facility, process, id, data }: SyslogMessage): Readonly<Record<string, unknown>> {
  const pairs: [string, string][] = [['facility', FACILITIES[facility] ?? String(facility)]];
  if (process !== '') pairs.push(['pid', process]);
  if (id !== '') pairs.push(['msgid', id]);
  for (const [element, params] of Object.entries(data)) {
    const prefix = OWN_DATA.test(element) ? '' : `${element}.`;
    for (const [name, value] of Object.entries(params)) pairs.push([`${prefix}${name}`, value]);
  }
  return Object.fromEntries(pairs);
}
