import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError, errorCode } from '../../core/result.ts';
import { moreConfigs } from '../layout.ts';

/** One of the files of a config. */
export interface ConfigFile {
  readonly file: string;
  readonly text: string;
}

/** More files than any machine has; a folder of other things is no folder of configs. */
const MOST_FILES = 1000;

/** The files of `conf.d`, in the order of their names. Throws the system error where one cannot be read. */
export function readMoreConfigs(file: string): readonly ConfigFile[] {
  const folder = moreConfigs(file);
  if (folder === undefined) return [];
  const names = namesIn(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
  return names.slice(0, MOST_FILES).map((name) => {
    const path = join(folder, name);
    return { file: path, text: readFileSync(path, 'utf8') };
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw new Error(`cannot read ${folder}: ${asError(error).message}`, { cause: error });
  }
}
