import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginOf, createOpening, type Hours, hoursText, isWithin, nextWithin, parseHours } from './hours.ts';

function hours(text: string): Hours {
  const parsed = parseHours(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

const within = (text: string, at: string): boolean => isWithin(hours(text), Date.parse(at));

test('hours are days, times and a zone; days and zone may be left out', () => {
  assert.deepEqual(hours('Mon-Fri 08:00-18:00 Europe/Helsinki'), {
    days: [1, 2, 3, 4, 5],
    from: 480,
    to: 1080,
    zone: 'Europe/Helsinki',
  });
  assert.deepEqual(hours('Sat,Sun 22:00-06:00').days, [0, 6]);
  assert.deepEqual(hours('fri-mon 0:00-24:00').days, [0, 1, 5, 6]);
  for (const wrong of [
    '',
    '8-18',
    'Mox 08:00-18:00',
    '08:00-25:00',
    '08:60-09:00',
    '08:00-18:00 Mars/Olympus',
    '24:00-08:00',
  ])
    assert.equal(parseHours(wrong).ok, false, wrong);
});

test('what is within is as the clocks of the zone show it, over midnight too', () => {
  assert.equal(within('Mon-Fri 08:00-18:00', '2026-11-23T08:00:00Z'), true);
  assert.equal(within('Mon-Fri 08:00-18:00', '2026-11-23T18:00:00Z'), false);
  assert.equal(within('Mon-Fri 08:00-18:00', '2026-11-22T12:00:00Z'), false, 'a Sunday');
  assert.equal(within('Mon-Fri 08:00-18:00 Europe/Helsinki', '2026-11-23T06:00:00Z'), true);
  assert.equal(
    within('Sat 22:00-06:00', '2026-11-22T05:59:00Z'),
    true,
    'Sunday morning is the night of Saturday',
  );
  assert.equal(within('Sat 22:00-06:00', '2026-11-21T05:59:00Z'), false);
  assert.equal(within('00:00-00:00', '2026-11-21T05:59:00Z'), true, 'a whole day');
});

test('a year of working hours has ten hours each day in every zone, whatever its clocks do', () => {
  for (const zone of ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe']) {
    const working = hours(`Mon-Fri 08:00-18:00 ${zone}`);
    const step = 30 * 60_000;
    const begin = Date.parse('2026-01-01T00:00:00Z');
    let inside = 0;
    let began = new Set<number>();
    for (let at = begin; at < begin + 364 * 86_400_000; at += step) {
      if (!isWithin(working, at)) continue;
      inside += step;
      if (at % (6 * 3_600_000) === 0) began = began.add(beginOf(working, at) ?? 0);
    }
    assert.equal(inside / 3_600_000, 52 * 5 * 10, zone);
    for (const at of began) {
      assert.equal(isWithin(working, at), true);
      assert.equal(isWithin(working, at - 60_000), false);
    }
  }
});

test('the night in which clocks change has what its clocks show', () => {
  const night = hours('01:00-04:00 Europe/Zurich');
  const count = (day: string): number => {
    let minutes = 0;
    for (let at = Date.parse(day); at < Date.parse(day) + 12 * 3_600_000; at += 60_000)
      if (isWithin(night, at)) minutes++;
    return minutes / 60;
  };
  assert.deepEqual(
    [count('2026-03-28T22:00:00Z'), count('2026-10-24T20:00:00Z'), count('2026-06-01T20:00:00Z')],
    [2, 4, 3],
  );
});

test('the beginning and the next of them are found to the minute', () => {
  const working = hours('Mon-Fri 08:07-18:00');
  assert.equal(beginOf(working, Date.parse('2026-11-23T12:00:30Z')), Date.parse('2026-11-23T08:07:00Z'));
  assert.equal(beginOf(working, Date.parse('2026-11-22T12:00:00Z')), undefined);
  assert.equal(nextWithin(working, Date.parse('2026-11-20T18:00:10Z')), Date.parse('2026-11-23T08:07:00Z'));
});

test('hours are written as they are read, and followed without reckoning again', () => {
  const text = 'Mon,Wed 08:07-18:00 Europe/Zurich';
  assert.equal(hoursText(hours(text)), text);
  assert.deepEqual(hours(hoursText(hours('22:00-06:00'))), hours('22:00-06:00'));
  const opening = createOpening(hours(text));
  const [monday, evening] = [Date.parse('2026-11-23T07:07:00Z'), Date.parse('2026-11-23T20:00:00Z')];
  assert.equal(opening.begin(monday + 3_600_000), monday);
  assert.equal(opening.begin(monday + 7_200_000), monday);
  assert.equal(opening.begin(evening), undefined);
  assert.equal(opening.next(evening), monday + 2 * 86_400_000);
  assert.equal(opening.next(evening + 60_000), monday + 2 * 86_400_000);
  assert.equal(opening.next(monday + 1), monday + 1);
  assert.deepEqual([createOpening(undefined).begin(5), createOpening(undefined).next(5)], [0, 5]);
});
