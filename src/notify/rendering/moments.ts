const HOUR_MS = 3_600_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  formats.set(zone, made);
  return made;
}

interface Wall {
  /** `2026-11-22 11:31:05`. */
  readonly text: string;
  /** `+01:00`. */
  readonly offset: string;
}

function wallOf(ms: number, zone: string): Wall {
  const parts = formatOf(zone).formatToParts(ms);
  const get = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  const text = `${get('year')}-${get('month')}-${get('day')} ${get('hour')}:${get('minute')}:${get('second')}`;
  return { text, offset: get('timeZoneName').replace(/^GMT$/, 'GMT+00:00').slice(3) };
}

/**
 * A moment (wall milliseconds) on the clocks of a zone, which is named: `2026-11-22 11:31:05 Europe/Zurich`. In the hour that
 * clocks show twice, the offset is there too.
 */
export function moment(ms: number, zone: string): string {
  const wall = wallOf(ms, zone);
  const twice = [-HOUR_MS, HOUR_MS].some((shift) => wallOf(ms + shift, zone).text === wall.text);
  return `${wall.text}${twice ? ` ${wall.offset}` : ''} ${zone}`;
}

/** A moment as programs read it: RFC 3339, UTC, to the millisecond. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
