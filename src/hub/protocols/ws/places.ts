import type { Principal } from '../../server/principal.ts';

/** How many connections somebody may have: an address as long as nobody is let in, then an agent or a user. */
export interface Places {
  /** A place for a connection of an address; undefined where it has too many. */
  take(address: string): Place | undefined;
}

export interface Place {
  /** It is somebody's now. @returns false where he has too many; nothing changes then. */
  give(principal: Principal): boolean;
  /** The connection is over. */
  leave(): void;
}

/** @param mostStrangers of one address @param most of one agent or user */
export function createPlaces(mostStrangers: number, most: number): Places {
  const strangers = createTally(mostStrangers);
  const known = createTally(most);
  return {
    take(address) {
      if (!strangers.add(address)) return undefined;
      let leave = (): void => strangers.remove(address);
      return {
        give({ kind, name }) {
          const who = `${kind} ${name}`;
          if (!known.add(who)) return false;
          leave();
          leave = () => known.remove(who);
          return true;
        },
        leave: () => leave(),
      };
    },
  };
}

interface Tally {
  /** @returns false where there are that many already. */
  add(name: string): boolean;
  remove(name: string): void;
}

function createTally(most: number): Tally {
  const counts = new Map<string, number>();
  return {
    add(name) {
      const count = counts.get(name) ?? 0;
      if (count >= most) return false;
      counts.set(name, count + 1);
      return true;
    },
    remove(name) {
      const count = (counts.get(name) ?? 0) - 1;
      if (count > 0) counts.set(name, count);
      else counts.delete(name);
    },
  };
}
