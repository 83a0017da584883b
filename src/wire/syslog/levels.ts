import { LEVELS } from '../../core/record.ts';

/** Severities of syslog (RFC 5424, 6.2.1) as levels; as OpenTelemetry's data model maps them (appendix B). */
const LEVEL_OF = [
  LEVELS.fatal + 3,
  LEVELS.fatal + 1,
  LEVELS.fatal,
  LEVELS.error,
  LEVELS.warn,
  LEVELS.info + 1,
  LEVELS.info,
  LEVELS.debug,
] as const;

/** @param severity 0 (emergency) to 7 (debug) */
export function levelOfSeverity(severity: number): number {
  return LEVEL_OF[severity] ?? LEVELS.info;
}

/** The other way: of levels that no severity has, the severity of the next lower one; trace is debug. */
export function severityOfLevel(level: number): number {
  const found = LEVEL_OF.findIndex((each) => level >= each);
  return found < 0 ? 7 : found;
}

/** The names of facilities (RFC 5424, 6.2.1; the words of syslog.conf). */
export const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;
