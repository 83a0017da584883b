import { HOURS_FORM, type Hours, hoursText, isWithin, isZone, nextChange, parseHours } from './hours.ts';
import { err, ok, type Result } from './result.ts';
import { isDate, type LocalTime, localText, momentsOf } from './zoned-time.ts';

/** A stretch of time that is known before: the same each week, or one. Serialisable as JSON. */
export type Window =
  | { readonly kind: 'weekly'; readonly hours: Hours }
  /** Wall milliseconds, without the last one. */
  | { readonly kind: 'once'; readonly from: number; readonly to: number; readonly zone: string };

export const WINDOW_FORM =
  'hours such as Sun 02:00-04:00 Europe/Zurich, or once: 2026-11-30 22:00 - 2026-12-01 02:00 Europe/Zurich';

const DATE = String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`;
const TIME = String.raw`(\d{1,2}):(\d{2})`;
const ONCE = new RegExp(String.raw`^${DATE}\s+${TIME}\s*-\s*(?:${DATE}\s+)?${TIME}(?:\s+(\S+))?$`);

/**
 * Reads `Sun 02:00-04:00 ZONE` or `2026-11-30 22:00 - 2026-12-01 02:00 ZONE`; a second date that is left out is the first
 * one. The error is a whole sentence.
 * @param otherwise the zone of a window that names none.
 */
export function parseWindow(text: string, otherwise = 'UTC'): Result<Window, string> {
  const fail = (why: string): Result<Window, string> =>
    err(`cannot read ${JSON.stringify(text)} as a window of time: ${why}`);
  const once = ONCE.exec(text.trim());
  if (once === null) {
    if (/^\s*\d{4}-/.test(text)) return fail(`write ${WINDOW_FORM}`);
    const hours = parseHours(text, otherwise);
    if (!hours.ok) return err(hours.error.replace(HOURS_FORM, WINDOW_FORM));
    if (nextChange(hours.value, 0) === undefined) return fail('it never ends');
    return ok({ kind: 'weekly', hours: hours.value });
  }
  const [, y1, mo1, d1, h1, mi1, y2 = y1, mo2 = mo1, d2 = d1, h2, mi2, zone = otherwise] = once;
  const begin = localOf(y1, mo1, d1, h1, mi1);
  const end = localOf(y2, mo2, d2, h2, mi2);
  if (begin === undefined || end === undefined) return fail('there is no such date or time');
  if (!isZone(zone)) return fail(`there is no zone ${JSON.stringify(zone)}`);
  const from = momentsOf(begin, zone)[0];
  const to = momentsOf(end, zone).at(-1) as number;
  return to > from ? ok({ kind: 'once', from, to, zone }) : fail('its end is not after its begin');
}

function localOf(...texts: readonly (string | undefined)[]): LocalTime | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = texts.map(Number);
  const inDay = (hour < 24 && minute < 60) || (hour === 24 && minute === 0);
  return isDate({ year, month, day }) && inDay ? { year, month, day, hour, minute, second: 0 } : undefined;
}

/** A window, as it would be written. */
export function windowText(window: Window): string {
  if (window.kind === 'weekly') return hoursText(window.hours);
  const { from, to, zone } = window;
  return `${localText(from, zone, 'minute')} - ${localText(to, zone, 'minute')} ${zone}`;
}

/** Until when a window lasts that a moment (wall milliseconds) is within; undefined outside of it. */
export function endsAt(window: Window, at: number): number | undefined {
  if (window.kind === 'once') return at >= window.from && at < window.to ? window.to : undefined;
  return isWithin(window.hours, at) ? nextChange(window.hours, at) : undefined;
}

/** When a window begins next, after a moment; undefined where it does not any more. */
export function beginsAfter(window: Window, at: number): number | undefined {
  if (window.kind === 'once') return window.from > at ? window.from : undefined;
  const outside = isWithin(window.hours, at) ? nextChange(window.hours, at) : at;
  return outside === undefined ? undefined : nextChange(window.hours, outside);
}

/** One window, asked again and again as time goes on: it reckons only where it begins and ends. */
export interface FollowedWindow {
  /** As `endsAt`. */
  end(now: number): number | undefined;
}

export function followWindow(window: Window): FollowedWindow {
  let known: { readonly from: number; readonly to: number; readonly end: number | undefined } | undefined;
  return {
    end(now) {
      if (known === undefined || now < known.from || now >= known.to) {
        const end = endsAt(window, now);
        const to = end ?? beginsAfter(window, now) ?? Number.POSITIVE_INFINITY;
        known = { from: now, to, end };
      }
      return known.end;
    },
  };
}
