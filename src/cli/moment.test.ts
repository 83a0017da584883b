import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './moment.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

function moment(text: string, zone = 'UTC', now = NOW): string {
  const read = parseMoment(text, now, zone);
  return read.ok ? new Date(read.value).toISOString().slice(0, 19) : read.error;
}

test('a time of the day is the next one, on the clocks of the zone', () => {
  for (const [text, zone, expected] of [
    ['18:00', 'UTC', '2026-11-22T18:00:00'],
    ['12:00', 'UTC', '2026-11-23T12:00:00'],
    ['12:00:01', 'UTC', '2026-11-22T12:00:01'],
    ['9:30', 'UTC', '2026-11-23T09:30:00'],
    ['18:00', 'Europe/Zurich', '2026-11-22T17:00:00'],
    ['12:30', 'Europe/Zurich', '2026-11-23T11:30:00'],
    ['18:00 Asia/Tokyo', 'UTC', '2026-11-23T09:00:00'],
    ['0:00', 'UTC', '2026-11-23T00:00:00'],
  ] as const)
    assert.equal(moment(text, zone), expected, text);
  const last = Date.parse('2026-12-31T23:00:00Z');
  assert.equal(moment('1:00', 'UTC', last), '2027-01-01T01:00:00');
  const twice = Date.parse('2026-10-25T00:45:00Z');
  assert.equal(moment('2:30', 'Europe/Zurich', twice), '2026-10-25T01:30:00', 'it comes again this night');
});

test('a date may stand in front, and a zone or an offset behind', () => {
  for (const [text, expected] of [
    ['2026-11-30 18:00', '2026-11-30T17:00:00'],
    ['2026-11-30T18:00', '2026-11-30T17:00:00'],
    ['2026-11-30 18:00 UTC', '2026-11-30T18:00:00'],
    ['2026-11-30T18:00:05Z', '2026-11-30T18:00:05'],
    ['2026-11-30 18:00+02:00', '2026-11-30T16:00:00'],
    ['2026-11-30 18:00 -0130', '2026-11-30T19:30:00'],
  ] as const)
    assert.equal(moment(text, 'Europe/Zurich'), expected, text);
});

test('anything else is told with its reason', () => {
  for (const [text, why] of [
    ['', /write a time such as 18:00/],
    ['tomorrow', /write a time such as 18:00/],
    ['2026-11-30', /write a time such as 18:00/],
    ['24:00', /no such time/],
    ['18:60', /no such time/],
    ['18:00Z', /write a date in front of it/],
    ['2026-02-29 18:00', /no such date/],
    ['2026-11-22 11:59', /it is over/],
    ['18:00 Mars/Olympus', /no zone "Mars/],
  ] as const)
    assert.match(moment(text), why, text);
});
