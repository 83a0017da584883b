import type { Contestant } from './contestant.ts';
import { preparePm2 } from './pm2.ts';
import { prepareSupervisord } from './supervisord.ts';
import { prepareVahti } from './vahti.ts';

const MAKERS: Readonly<Record<string, (temp: string) => Contestant>> = {
  vahti: prepareVahti,
  pm2: preparePm2,
  supervisord: prepareSupervisord,
};

export const NAMES: readonly string[] = Object.keys(MAKERS);

/** Builds our own program (throws where that fails), and finds or installs the others: what cannot be had is told, and left out. */
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
