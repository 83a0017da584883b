import * as v from 'valibot';

/** What values of the page's protocol are made of. */

/** Wall milliseconds since 1970, UTC. */
export const time = v.pipe(v.number(), v.finite());
export const nullableTime = v.nullable(time);
/** Microseconds since 1970, UTC, as records have them. */
export const micros = v.pipe(v.number(), v.safeInteger());
/** 1 to 24, as OpenTelemetry has them. */
export const level = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24));
export const name = v.pipe(v.string(), v.maxLength(300));
/** For people; long ones are cut by whoever makes them. */
export const text = v.pipe(v.string(), v.maxLength(4000));
/** JSON's 1e999 is none. */
export const amount = v.pipe(v.number(), v.finite());

/** What a record has, whoever shows it: beside its id. */
export const recordEntries = {
  agent: name,
  time: micros,
  received: micros,
  host: text,
  service: name,
  life: text,
  kind: name,
  level,
  sender: text,
  message: v.string(),
  fields: v.optional(v.record(v.string(), v.unknown())),
};
