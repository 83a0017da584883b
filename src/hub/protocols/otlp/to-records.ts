import { LEVELS, levelName } from '../../../core/record.ts';
import type { OtlpAttributes, OtlpGroup, OtlpLog, OtlpValue } from '../../../wire/otlp/logs.ts';
import { fitRecord } from '../../ingest/fit-record.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import { levelOfWord } from '../../ingest/level-words.ts';

const SERVICE = 'service.name';
const HOST = 'host.name';
/** As OpenTelemetry's SDKs call what names no service. */
const UNKNOWN = 'unknown_service';

/** @param agent whose records they are: the host where no resource names one. @param received microseconds */
export function* recordsOfLogs(
  groups: readonly OtlpGroup[],
  agent: string,
  received: number,
): Generator<IncomingRecord> {
  for (const { resource, scope, logs } of groups) {
    const { [SERVICE]: service, [HOST]: host, ...others } = resource;
    const shared = {
      service: nonEmpty(service) ?? UNKNOWN,
      host: nonEmpty(host) ?? agent,
      sender: scope.name === '' ? 'otlp' : scope.name,
    };
    for (const log of logs) {
      const time = log.time === 0 ? log.observed : log.time;
      const told = { time, level: levelOf(log), message: messageOf(log), fields: fieldsOf(others, log) };
      yield fitRecord({ ...shared, ...told }, received);
    }
  }
}

function nonEmpty(value: OtlpValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function levelOf({ severity, severityText }: OtlpLog): number {
  if (severity >= LEVELS.trace && severity <= LEVELS.fatal + 3) return severity;
  return levelOfWord(severityText) ?? LEVELS.info;
}

function messageOf({ body, eventName }: OtlpLog): string {
  if (body === null) return eventName;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function fieldsOf(resource: OtlpAttributes, log: OtlpLog): Readonly<Record<string, unknown>> {
  const { traceId, spanId, eventName, severityText, attributes } = log;
  const says = severityText !== '' && severityText.toLowerCase() !== levelName(levelOf(log));
  return {
    ...resource,
    ...attributes,
    ...(traceId === '' ? {} : { trace_id: traceId }),
    ...(spanId === '' ? {} : { span_id: spanId }),
    ...(eventName === '' ? {} : { event_name: eventName }),
    ...(says ? { severity_text: severityText } : {}),
  };
}
