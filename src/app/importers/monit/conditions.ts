import { readConnection } from './connections.ts';
import { left, type Made } from './made.ts';
import { existence, objectTest, spaceTest } from './objects.ts';
import { processResource, systemResource } from './resources.ts';
import { monitWords } from './programs.ts';
import { msOf, read, type Reading } from './reading.ts';
import { mountPoint, type Subject } from './subject.ts';
import type { Test } from './test-statement.ts';

/** What the tests of one check look at. */
export interface Looked {
  readonly type: string;
  readonly subject: Subject;
  /** The process is one of a service of its own: its tree can be looked at. */
  readonly isService: boolean;
  /** Bytes of memory of this machine. */
  readonly memory: number;
  /** The text of /proc/mounts. */
  readonly mounts: string;
}

/** Makes a watch of the condition of a test. */
export function watchOf({ condition, action }: Pick<Test, 'condition' | 'action'>, looked: Looked): Made {
  const reading = read(condition);
  if (reading.take('changed') !== undefined) return changed(reading, looked.type);
  if (reading.take('succeeded', 'passed') !== undefined)
    return left('a watch looks for what fails, not for what works');
  const hasFailed = reading.take('failed') !== undefined;
  const isAbsent = reading.take('not') !== undefined;
  if (reading.take('exist', 'exists') !== undefined) return existenceTest(isAbsent, action.kind, looked);
  if (isAbsent) return left('it cannot be read');
  const { type, subject, memory } = looked;
  if (hasFailed && (type === 'process' || type === 'host')) return connection(reading, looked);
  const word = reading.text()?.toLowerCase() ?? '';
  if (type === 'process')
    return looked.isService
      ? processResource(word, reading, memory)
      : left(
          'nobody here knows its processes: make it a service (`unit` or `run`), then `memory` and `cpu` are watches',
        );
  if (type === 'system') return systemResource(word, reading);
  if (type === 'filesystem' || type === 'device') return filesystem(word, reading, looked);
  if (type === 'program') return program(word, reading, subject);
  if (type === 'network') return network(word, subject);
  if (type === 'file' || type === 'directory' || type === 'fifo')
    return objectTest(word, reading, type, subject.text);
  return left('there is no such watch');
}

function changed(reading: Reading, type: string): Made {
  const word = reading.text()?.toLowerCase() ?? '';
  if (type === 'process' && (word === 'pid' || word === 'ppid')) return { kind: 'anyway' };
  return left('a watch judges what is, and remembers nothing of what was');
}

function existenceTest(isAbsent: boolean, action: string, { type, subject, isService }: Looked): Made {
  if (!isAbsent) {
    const path = ['file', 'directory', 'fifo'].includes(type) ? subject.text : undefined;
    return path === undefined
      ? left('a watch looks for what is missing, not for what is there')
      : { kind: 'watch', name: 'absent', keys: { command: ['sh', '-c', '! test -e "$1"', 'sh', path] } };
  }
  if (type === 'process' && isService)
    return action === 'stop' || action === 'exec'
      ? left('the end of a process is no watch: it is told, and it is started again')
      : { kind: 'anyway' };
  return implicitTest({ type, subject, isService }) ?? left('there is no such watch');
}

/** What Monit looks for without being told: that it is there. */
export function implicitTest({
  type,
  subject,
  isService,
}: Pick<Looked, 'type' | 'subject' | 'isService'>): Made | undefined {
  if (type === 'file' || type === 'directory' || type === 'fifo') return existence(type, subject.text);
  if (type !== 'process' || isService) return undefined;
  const argv = subject.isPattern
    ? ['pgrep', '-f', '--', subject.text]
    : ['sh', '-c', 'p=$(cat -- "$1") && test -d "/proc/$p" && echo "$p"', 'sh', subject.text];
  return { kind: 'watch', name: 'exists', keys: { command: argv } };
}

function connection(reading: Reading, { type, subject }: Looked): Made {
  const ping = reading.take('ping', 'ping4', 'ping6', 'icmp');
  if (ping === undefined) return readConnection(reading, type === 'host' ? subject.text : '127.0.0.1');
  const found = { count: 3, size: 64, seconds: 5 };
  while (reading.rest().length > 0) {
    const word = reading.take('count', 'size', 'timeout', 'responsetime', 'type', 'echo', 'address');
    if (word === undefined) return left('it cannot be read');
    if (word === 'count') found.count = reading.number() ?? found.count;
    else if (word === 'size') found.size = reading.number() ?? found.size;
    else if (word === 'timeout')
      found.seconds = Math.max(1, Math.ceil(msOf(reading.quantity() ?? { number: 5, unit: '' }) / 1000));
    else if (word === 'responsetime' || word === 'address')
      return left('ping(8) says so only in words: write a command');
  }
  const family = ping === 'ping4' ? ['-4'] : ping === 'ping6' ? ['-6'] : [];
  const argv = [
    'ping',
    ...family,
    '-n',
    '-q',
    '-c',
    String(found.count),
    '-s',
    String(found.size),
    '-w',
    String(found.seconds),
    subject.text,
  ];
  return { kind: 'watch', name: 'ping', keys: { command: argv, timeout: `${found.seconds + 5}s` } };
}

function filesystem(word: string, reading: Reading, { subject, mounts }: Looked): Made {
  const path = mountPoint(subject.text, mounts);
  return path === undefined
    ? left(`nothing is mounted from ${subject.text} here: write the folder, \`disk: /FOLDER\``)
    : spaceTest(word, reading, path);
}

const NEGATIONS = { '>': '-le', '<': '-ge', '==': '-ne', '!=': '-eq', '>=': '-lt', '<=': '-gt' } as const;

function program(word: string, reading: Reading, { text, user, timeout = '300s' }: Subject): Made {
  const argv = [...asUser(user), ...monitWords(text)];
  if (argv.length === 0) return left('it names no program');
  if (word === 'content') {
    const isNot = reading.comparison() === '!=';
    const pattern = reading.text();
    if (pattern === undefined || reading.rest().length > 0) return left('it cannot be read');
    const line = `p=$1; shift; "$@" 2>&1 | grep -E -q -e "$p"`;
    return {
      kind: 'watch',
      name: 'output',
      keys: {
        command: [
          'sh',
          '-c',
          isNot ? line : `p=$1; shift; ! { "$@" 2>&1 | grep -E -q -e "$p"; }`,
          'sh',
          pattern,
          ...argv,
        ],
        timeout,
      },
    };
  }
  if (word !== 'status') return left('there is no such watch');
  const comparison = reading.comparison();
  const status = reading.number();
  if (status === undefined || reading.rest().length > 0) return left('it cannot be read');
  const isPlain = status === 0 && (comparison === '!=' || comparison === '>');
  const command = isPlain
    ? argv
    : ['sh', '-c', `"$@"; test $? ${NEGATIONS[comparison]} ${status}`, 'sh', ...argv];
  return { kind: 'watch', name: 'status', keys: { command, timeout } };
}

/** What becomes another user, in front of a command. */
export function asUser(user: string | undefined): readonly string[] {
  return user === undefined || user === '' ? [] : ['runuser', '-u', user, '--'];
}

function network(word: string, { text }: Subject): Made {
  if (word !== 'link' || !/^[\w.:-]+$/.test(text) || /^[\d.]+$|:/.test(text))
    return left('there is no such watch');
  return {
    kind: 'watch',
    name: 'link',
    keys: { command: ['grep', '-qx', 'up', `/sys/class/net/${text}/operstate`] },
  };
}
