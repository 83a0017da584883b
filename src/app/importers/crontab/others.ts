import { basename } from 'node:path';
import { type Find, olderText } from './find.ts';
import type { Recognised } from './recognised.ts';

const ARCHIVES = /\.(?:zip|tar|tgz|txz|tzst|tar\.(?:gz|xz|zst|bz2))$/;

/** `find DIR … -exec mv {} TARGET \\;` as a `stage`; what copies, or unpacks, is only told what could take its place. */
export function recogniseMove(find: Find): Recognised | undefined {
  const { folder, files, action } = find;
  const [program = '', ...rest] = action;
  const name = basename(program);
  const [options, to] = targetOf(rest, find.to);
  if (to === undefined) return undefined;
  if (name === 'unzip' || name === 'tar')
    return ARCHIVES.test(files) ? { notes: [unpackNote(find, to)] } : undefined;
  const isMove =
    (name === 'mv' && options.every((option) => /^-[fnv]+$|^--$/.test(option))) ||
    (name === 'rsync' && options.includes('--remove-source-files') && options.every(isPlainRsync));
  const isCopy =
    (name === 'cp' && options.every((option) => /^-[apv]+$/.test(option))) ||
    (name === 'rsync' && options.every(isPlainRsync));
  const older = olderText(find);
  if (isMove && folder.startsWith('/') && to.startsWith('/'))
    return {
      notes: [],
      verb: {
        verb: 'stage',
        name: `stage-${basename(folder)}`,
        keys: {
          stage: folder,
          to: to.replace(/(?<=.)\/$/, ''),
          files,
          structure: 'flatten',
          ...(older === undefined ? {} : { delay: older }),
        },
        notes: [
          'a file is moved when two looks find it unchanged, and nothing is written over: one whose name is there already is left and told. Names that begin with a dot are left, too',
          ...(older === undefined
            ? []
            : ['`delay` counts from the arrival of a file, not from the time that it claims']),
        ],
      },
    };
  return isCopy
    ? {
        notes: [
          `look: it copies, again and again, what may not be whole. \`stage\` moves each file once, when it is: { stage: ${folder}, to: ${to}, structure: flatten }`,
        ],
      }
    : undefined;
}

function isPlainRsync(option: string): boolean {
  return option === '--remove-source-files' || /^-[avqzt]+$/.test(option);
}

/** `mv -t TARGET {}` and `mv {} TARGET`; `unzip {} -d TARGET` has its own form. */
function targetOf(
  words: readonly string[],
  to: string | undefined,
): readonly [readonly string[], string | undefined] {
  const at = words.findIndex((word) => word === '-t' || word === '-d');
  if (at < 0) return [words, to];
  return [words.toSpliced(at, 2), words[at + 1]];
}

function unpackNote({ folder, files }: Find, to: string): string {
  return `look: it unpacks into one folder, again and again. \`unpack\` unpacks each archive once, whole, into a folder of its own: { unpack: ${folder}, to: ${to}, files: ${JSON.stringify(files)} }`;
}

/** What is plainly a job of a verb that has to be told more than the line says. */
export function recogniseOther([program = '', ...words]: readonly string[]): Recognised | undefined {
  const name = basename(program);
  if (name === 'logrotate')
    return {
      notes: [
        'look: `rotate` could do what its configuration says, for each entry: { rotate: FOLDER, files: "*.log", signal: HUP, keep: { count: 14 } }; it never copies and truncates',
      ],
    };
  if (name !== 'git') return undefined;
  const at = words.indexOf('-C');
  const folder = at < 0 ? undefined : words[at + 1];
  return gitNotes(words.join(' '), folder);
}

/** The same, of a line that needs a shell. */
export function shellNotes(line: string): readonly string[] {
  const [, folder, rest = line] = /^\s*cd\s+("[^"]+"|'[^']+'|[^\s;&|]+)\s*(?:&&|;)\s*(.*)$/s.exec(line) ?? [];
  const plain = folder?.replaceAll(/["']/g, '');
  if (/^(?:\S*\/)?git\s/.test(rest)) return gitNotes(rest, plain)?.notes ?? [];
  const loop = /^\s*for\s+\w+\s+in\s+(\S+);\s*do\s+(?:\S*\/)?(?:unzip|tar)\s/.exec(rest)?.[1];
  if (loop === undefined || !ARCHIVES.test(loop)) return [];
  return [
    `look: \`unpack\` unpacks each archive once, whole, into a folder of its own: { unpack: ${loop.slice(0, Math.max(0, loop.lastIndexOf('/'))) || (plain ?? '.')}, to: FOLDER, files: ${JSON.stringify(basename(loop))} }`,
  ];
}

function gitNotes(rest: string, folder: string | undefined): Recognised | undefined {
  const isPull = /(?:^|\s)pull(?:\s|$)/.test(rest);
  const isTag = /(?:^|\s)checkout\s.*(?:--tags|describe|tag\b|rev-list)/i.test(rest);
  if (!isPull && !isTag) return undefined;
  const [, after = ''] = /(?:^|\s)pull\b([^&;|>]*)/.exec(rest) ?? [];
  const [, branch = 'BRANCH'] = after.split(/\s+/).filter((word) => /^[^-]/.test(word));
  const version = isTag ? 'tag: latest' : `branch: ${branch}`;
  const place = folder === undefined ? 'FOLDER' : `${folder.replace(/\/$/, '')}.d`;
  return {
    notes: [
      `look: who reads there may see half of a change. \`checkout\` makes each version beside and switches in one step; readers then use \`current\` in it: { checkout: ${place}, from: ADDRESS, ${version} }`,
    ],
  };
}
