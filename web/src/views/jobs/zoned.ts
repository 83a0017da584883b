/** `Mon 03:40` within the next week, else `2026-12-24 03:40`, by the clocks of a zone. @param zone of IANA; null: the reader's own. */
export function inZone(ms: number, zone: string | null, now: number): string {
  const { weekday, year, month, day, hour, minute } = partsOf(ms, zone);
  const isNear = Math.abs(ms - now) < 6 * 86_400_000;
  const time = `${hour}:${minute}`;
  return isNear ? `${weekday} ${time}` : `${year}-${month}-${day} ${time}`;
}

type Parts = Readonly<Record<string, string>>;

function partsOf(ms: number, zone: string | null): Parts {
  const given = formatOf(zone).formatToParts(ms);
  return Object.fromEntries(given.map(({ type, value }) => [type, value]));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A zone that this browser does not know is shown as UTC, whose name is then beside it. */
function formatOf(zone: string | null): Intl.DateTimeFormat {
  const key = zone ?? '';
  let format = formats.get(key);
  if (format === undefined) {
    format = made(zone ?? undefined);
    formats.set(key, format);
  }
  return format;
}

function made(timeZone: string | undefined): Intl.DateTimeFormat {
  const options = {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', timeZone === undefined ? options : { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
  }
}
