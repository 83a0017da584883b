import { join } from 'node:path';
import { word } from './cost.ts';

/** The command that runs a verb of ours, as a process of its own. */
export function runsVerb(verb: string, state: string, options: Readonly<Record<string, unknown>>): string {
  const words = [
    process.execPath,
    join(import.meta.dirname, 'verb-run.ts'),
    verb,
    state,
    JSON.stringify(options),
  ];
  return words.map(word).join(' ');
}
