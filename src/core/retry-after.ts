const LONGEST_ASKED_MS = 3_600_000;

/** What `Retry-After` asks for, seconds or a date (RFC 9110), in milliseconds; an hour at most, whoever asks. */
export function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_ASKED_MS);
}
