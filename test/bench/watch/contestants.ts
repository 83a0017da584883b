import type { Contestant } from './contestant.ts';
import { prepareMonit } from './monit.ts';
import { prepareVahti } from './vahti.ts';

const MAKERS: Readonly<Record<string, (temp: string) => Contestant>> = {
  vahti: prepareVahti,
  monit: prepareMonit,
};

export const NAMES: readonly string[] = Object.keys(MAKERS);

/** Builds our own program (throws where that fails), and finds the other: where it is not there that is told. */
export function prepare(
  temp: string,
  only: readonly string[],
  missing: (name: string, reason: string) => void,
): readonly Contestant[] {
  return Object.entries(MAKERS).flatMap(([name, make]) => {
    if (only.length > 0 && !only.includes(name)) return [];
    try {
      return [make(temp)];
    } catch (error) {
      if (name === 'vahti') throw error;
      missing(name, (error as Error).message.split('\n')[0] ?? '');
      return [];
    }
  });
}
