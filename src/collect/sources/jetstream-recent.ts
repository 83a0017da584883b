/** Times that were handed over, as far back as memory goes. Microseconds. */
export interface Recent {
  has(timeUs: number): boolean;
  /** Answers whether it is new. */
  add(timeUs: number): boolean;
  /** How many there are from a time on. */
  countFrom(timeUs: number): number;
  /** At or below it nothing is remembered any more; 0 while everything is. */
  forgotten(): number;
}

/** At 2,000 events/s, which is a busy network, 16 s; at the usual 400 more than a minute. */
const MOST = 32_768;

/** Remembers the highest times. They mostly come in order, so that putting one in costs nothing. */
export function createRecent(most = MOST): Recent {
  const times = new Float64Array(most * 2);
  let start = 0;
  let end = 0;
  let forgotten = 0;

  /** The first place from which times are not below this one. */
  const placeOf = (timeUs: number): number => {
    if (end === start || (times[end - 1] as number) < timeUs) return end;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] as number) < timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const has = (timeUs: number): boolean => {
    const place = placeOf(timeUs);
    return place < end && times[place] === timeUs;
  };

  /** Moves all to the beginning, where there is no place left at the end. */
  const makeRoom = (): void => {
    if (end < times.length) return;
    times.copyWithin(0, start, end);
    end -= start;
    start = 0;
  };

  return {
    has,
    add(timeUs) {
      if (timeUs <= forgotten || has(timeUs)) return false;
      if (end - start === most) {
        forgotten = Math.min(timeUs, times[start] as number);
        if (forgotten === timeUs) return true;
        start += 1;
      }
      makeRoom();
      const place = placeOf(timeUs);
      times.copyWithin(place + 1, place, end);
      times[place] = timeUs;
      end += 1;
      return true;
    },
    countFrom: (timeUs) => end - placeOf(timeUs),
    forgotten: () => forgotten,
  };
}
