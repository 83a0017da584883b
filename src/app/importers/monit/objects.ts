import { formatDuration } from '../../../core/durations.ts';
import { formatSize } from '../../../core/sizes.ts';
import { left, type Made } from './made.ts';
import { bytesOf, isPercent, msOf, type Reading } from './reading.ts';

/** What stands for other names in a pattern of files. */
const MAGIC = /[*?[\]{}()!+@\\]/;
const TAIL_BYTES = 65_536;
const DIGESTS: Readonly<Record<number, string>> = { 32: 'md5sum', 40: 'sha1sum', 64: 'sha256sum' };

/** A watch that runs a line of a shell with words of its own. */
function shell(name: string, line: string, ...words: readonly string[]): Made {
  return { kind: 'watch', name, keys: { command: ['sh', '-c', line, 'sh', ...words] } };
}

/** That a file, folder or pipe is there, as Monit looks for without being told. */
export function existence(type: string, path: string): Made {
  const flag = { file: '-f', directory: '-d', fifo: '-p' }[type] ?? '-e';
  return { kind: 'watch', name: 'exists', keys: { command: ['test', flag, path] } };
}

/** Tests of a file, a folder or a pipe. @param word the first of the test, taken already. */
export function objectTest(word: string, reading: Reading, type: string, path: string): Made {
  switch (word) {
    case 'timestamp':
    case 'time':
    case 'mtime':
    case 'modification':
    case 'ctime':
    case 'change':
      reading.take('time');
      return ageTest(reading, type, path, word);
    case 'size':
      return sizeTest(reading, path);
    case 'content':
    case 'match':
      return contentTest(word, reading, path);
    case 'permission':
    case 'perm':
      return factTest('permission', '%a', reading.text()?.replace(/^0+(?=\d)/, ''), path);
    case 'uid':
    case 'gid':
      return ownerTest(word, reading.text(), path);
    case 'checksum':
    case 'md5':
    case 'sha1':
      return checksumTest(reading, path);
    default:
      return left('there is no such watch');
  }
}

function ageTest(reading: Reading, type: string, path: string, word: string): Made {
  const comparison = reading.comparison();
  const age = reading.quantity();
  if (age === undefined || reading.rest().length > 0) return left('it cannot be read');
  if (!comparison.startsWith('>')) return left('a watch looks for what is too old, not for what is new');
  const ms = msOf(age);
  if (ms < 1000) return left('it cannot be read');
  if (type === 'file' && !MAGIC.test(path) && word !== 'ctime' && word !== 'change')
    return { kind: 'watch', name: 'fresh', keys: { files: path, within: formatDuration(ms) } };
  const field = word === 'ctime' || word === 'change' ? '%Z' : '%Y';
  return shell(
    'age',
    `t=$(stat -Lc ${field} -- "$1") && a=$(($(date +%s) - t)) && echo "$a s" && test "$a" -le ${Math.round(ms / 1000)}`,
    path,
  );
}

const NEGATIONS = { '>': '-le', '<': '-ge', '==': '-ne', '!=': '-eq', '>=': '-lt', '<=': '-gt' } as const;

function sizeTest(reading: Reading, path: string): Made {
  const comparison = reading.comparison();
  const size = reading.quantity();
  if (size === undefined || reading.rest().length > 0) return left('it cannot be read');
  return shell(
    'size',
    `s=$(stat -Lc %s -- "$1") && echo "$s bytes" && test "$s" ${NEGATIONS[comparison]} ${bytesOf(size)}`,
    path,
  );
}

/**
 * A watch of records judges the latest line alone, which is seldom the one with the pattern; so the end of the file is searched.
 * The patterns are of the same kind: extended regular expressions of POSIX.
 */
function contentTest(word: string, reading: Reading, path: string): Made {
  const comparison = word === 'match' && reading.take('not') !== undefined ? '!=' : reading.comparison();
  const source = reading.text();
  if (source === undefined || reading.rest().length > 0) return left('it cannot be read');
  if (comparison === '!=') return left('a watch looks for lines with a pattern, not for those without');
  const isPath = source.startsWith('/');
  if (isPath) return left('its patterns stand in a file of their own: write them as one, (a|b|c)');
  const line = `! tail -c ${TAIL_BYTES} -- "$1" | grep -E -e "$2" | tail -n 1 | grep .`;
  return {
    kind: 'watch',
    name: 'content',
    keys: { command: ['sh', '-c', line, 'sh', path, source] },
    notes: [
      'the watch is bad as long as such a line is in the last 64K of the file, also one that is there already',
    ],
  };
}

function factTest(name: string, field: string, expected: string | undefined, path: string): Made {
  if (expected === undefined || !/^[\w.-]+$/.test(expected)) return left('it cannot be read');
  return shell(name, `f=$(stat -Lc ${field} -- "$1") && echo "$f" && test "$f" = "$2"`, path, expected);
}

function ownerTest(word: 'uid' | 'gid', owner: string | undefined, path: string): Made {
  const isNumber = /^\d+$/.test(owner ?? '');
  const letter = word === 'uid' ? 'u' : 'g';
  return factTest(word, `%${isNumber ? letter : letter.toUpperCase()}`, owner, path);
}

function checksumTest(reading: Reading, path: string): Made {
  while (reading.take('checksum', 'md5', 'sha1', 'expect', 'sum') !== undefined);
  reading.comparison();
  const expected = reading.text()?.toLowerCase() ?? '';
  const program = DIGESTS[expected.length];
  if (program === undefined || !/^[0-9a-f]+$/.test(expected))
    return left('no watch remembers what a file was; with a checksum to `expect` it becomes one');
  return shell('checksum', `test "$(${program} < "$1" | cut -d " " -f 1)" = "$2"`, path, expected);
}

/** Tests of a file system. @param word the first of the test, taken already. */
export function spaceTest(word: string, reading: Reading, path: string): Made {
  const isSpace = word === 'space';
  if (!isSpace && word !== 'inode' && word !== 'inodes') return left('there is no such watch');
  const isFree = reading.take('free') !== undefined;
  const comparison = reading.comparison();
  const limit = reading.quantity();
  if (limit === undefined || reading.rest().length > 0) return left('it cannot be read');
  if (!comparison.startsWith(isFree ? '<' : '>'))
    return left('a watch looks for too little room, not for too much');
  if (isPercent(limit)) {
    const share = Math.round((isFree ? limit.number : 100 - limit.number) * 100) / 100;
    if (share <= 0 || share > 100) return left('it never comes');
    return isSpace
      ? { kind: 'watch', name: 'space', keys: { disk: path, left: `${share}%` } }
      : { kind: 'watch', name: 'inodes', keys: { disk: path, left: '1K', inodes: `${share}%` } };
  }
  if (!isSpace) return left('inodes are watched as a percentage');
  if (!isFree) return left('room is watched by what is left: write `left`');
  return { kind: 'watch', name: 'space', keys: { disk: path, left: formatSize(bytesOf(limit)) } };
}
