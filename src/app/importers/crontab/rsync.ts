import { basename } from 'node:path';
import { splitWords } from '../../../core/words.ts';
import type { Keys } from '../draft.ts';
import type { Recognised } from './recognised.ts';

/** Letters that change nothing of what is there afterwards. */
const HARMLESS =
  /^(?:--(?:verbose|compress|quiet|human-readable|progress|partial|stats|itemize-changes|recursive|times|omit-dir-times|protect-args|secluded-args|whole-file|inplace|numeric-ids|one-file-system|timeout=\d+|contimeout=\d+|info=\S+|update))$/;
const LETTERS = /^-[avzqhPrtlpgoDuWisxx]+$/;
const VALUES = ['-e', '--rsh', '--exclude', '--bwlimit', '--chmod'];

interface Options {
  isArchive: boolean;
  isDeleting: boolean;
  shell?: string;
  readonly exclude: string[];
  bandwidth?: string;
  permissions?: string;
  readonly paths: string[];
}

/** `rsync [OPTIONS] SOURCE TARGET` as a `sync`. */
export function readRsync([program = '', ...words]: readonly string[]): Recognised | undefined {
  if (basename(program) !== 'rsync') return undefined;
  const options: Options = { isArchive: false, isDeleting: false, exclude: [], paths: [] };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const [name = '', joined] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    if (VALUES.includes(name)) {
      if (!takeValue(name, joined ?? words[++at] ?? '', options))
        return stays(`its option ${name} cannot be said there`);
    } else if (!takeFlag(word, options)) return stays(`it has the option ${name}`);
  }
  const [source, target, ...more] = options.paths;
  if (source === undefined || target === undefined || more.length > 0) return stays('it has several sources');
  if (options.isDeleting)
    return stays(
      'it deletes what the source does not have: `sync` deletes at the far side what it has put there itself, with caps (`delete: { max-files: 1000, max-bytes: 10G }`)',
    );
  if (!options.isArchive) return stays('without -a it does not keep times and permissions');
  return synced(source, target, options);
}

function stays(why: string): Recognised {
  return { notes: [`look: \`sync\`, which proves each copy, could take its place, but ${why}`] };
}

function takeFlag(word: string, options: Options): boolean {
  if (word.startsWith('--delete') || word === '--del') options.isDeleting = true;
  else if (word === '--archive') options.isArchive = true;
  else if (LETTERS.test(word)) options.isArchive ||= word.includes('a');
  else if (!word.startsWith('-')) options.paths.push(word);
  else return HARMLESS.test(word);
  return true;
}

function takeValue(name: string, value: string, options: Options): boolean {
  if (name === '-e' || name === '--rsh') options.shell = value;
  else if (name === '--exclude') {
    const patterns = excluded(value);
    options.exclude.push(...patterns);
    return patterns.length > 0;
  } else if (name === '--bwlimit') {
    const [, number, unit = 'K'] = /^(\d+)([KkMmGg])?$/.exec(value) ?? [];
    if (number === undefined) return false;
    options.bandwidth = `${number}${unit.toUpperCase()}`;
  } else options.permissions = value;
  return value !== '';
}

/** A pattern of rsync as patterns of paths: one without a slash is a name, wherever it is, of a file or a folder. */
function excluded(pattern: string): string[] {
  if (/[{}()!+@\\]|^[-+] /.test(pattern)) return [];
  const isAnchored = pattern.startsWith('/');
  const bare = pattern.replace(/^\/|\/$/g, '');
  if (bare === '' || (!isAnchored && bare.includes('/'))) return [];
  const below = isAnchored ? bare : `**/${bare}`;
  return pattern.endsWith('/') ? [`${below}/**`] : [below, `${below}/**`];
}

function synced(source: string, target: string, options: Options): Recognised {
  const isFar = (path: string): boolean => /^[^/:]+:/.test(path);
  if (isFar(source) && isFar(target)) return stays('both ends are elsewhere');
  if (/::|^rsync:/.test(source + target)) return stays('it speaks to an rsync daemon');
  // rsync puts a folder without a slash at its end into the target, under its own name.
  const name = basename(source.replace(/^[^/:]+:/, ''));
  const whole = source.endsWith('/') ? target : `${target.replace(/\/$/, '')}/${name}`;
  const [here, far] = isFar(source) ? [whole, source] : [source, whole];
  if (!here.startsWith('/') || /[*?[]/.test(here + far)) return stays('its folder here is no plain path');
  const ssh = sshKeys(options.shell);
  if (ssh === undefined) return stays('its way there is another one than ssh');
  const trimmed = (path: string): string =>
    path.length > 1 && !path.endsWith(':/') ? path.replace(/\/$/, '') : path;
  const { exclude, bandwidth, permissions } = options;
  const keys: Keys = {
    sync: trimmed(here),
    [isFar(source) ? 'from' : 'to']: trimmed(far),
    ...(isFar(source) ? {} : { links: 'keep' }),
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(permissions === undefined ? {} : { permissions }),
    ...ssh,
  };
  const notes = [
    'each file is read back there and its checksum compared; the folder there has to exist, and the key of its host to be known',
    ...(isFar(source) ? ['only files are fetched, no symbolic links'] : []),
  ];
  return { notes: [], verb: { verb: 'sync', name: `sync-${basename(trimmed(here))}`, keys, notes } };
}

/** `ssh -p 2222 -i KEY`; undefined where it is something else. */
function sshKeys(shell: string | undefined): Keys | undefined {
  if (shell === undefined) return {};
  const words = splitWords(shell);
  if (!words.ok || basename(words.value[0] ?? '') !== 'ssh') return undefined;
  const options: string[] = [];
  let identity: string | undefined;
  for (let at = 1; at < words.value.length; at += 2) {
    const [option = '', value] = words.value.slice(at, at + 2);
    if (value === undefined) return undefined;
    if (option === '-p') options.push(`Port=${value}`);
    else if (option === '-i') identity = value;
    else if (option === '-o') options.push(value);
    else if (option === '-l') options.push(`User=${value}`);
    else return undefined;
  }
  return {
    ...(identity === undefined ? {} : { identity }),
    ...(options.length === 0 ? {} : { 'ssh-options': options }),
  };
}
