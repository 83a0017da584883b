/**
 * Loaded into a real collector by `NODE_OPTIONS=--import`: makes its disk deadly at one operation, once.
 * RIG_CRASH is `AT:MOMENT:VICTIM`; RIG_CRASH_MARK names a file that says that it has happened already.
 * With AT = count the operations are counted instead, into the mark file.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { disk, type Files } from '../../src/core/files.ts';

const [at = '', moment = 'before', victim = 'collector'] = (process.env['RIG_CRASH'] ?? '').split(':');
const mark = process.env['RIG_CRASH_MARK'] ?? '';
// The hook rides along into every Node process of the service; only the collector itself is meant.
const isCollector = process.argv.includes('run');

function die(): void {
  writeFileSync(mark, `${at}:${moment}:${victim}`);
  if (victim !== 'collector') process.kill(process.ppid, 'SIGKILL');
  // Where the daemon alone is killed, the collector goes on until the next daemon ends it.
  if (victim !== 'daemon') process.kill(process.pid, 'SIGKILL');
}

function arm(real: Files): void {
  const original = { ...real };
  let operations = 0;
  const around = async <T>(operation: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> => {
    const here = operations === Number(at);
    operations += 1;
    if (at === 'count') writeFileSync(mark, String(operations));
    if (here && moment === 'before') die();
    if (here && moment === 'halfway' && half !== undefined) {
      await half();
      die();
    }
    try {
      return await operation();
    } finally {
      if (here && moment !== 'before') die();
    }
  };
  Object.assign(real, {
    open: (path, how) => (how === 'read' ? original.open(path, how) : around(() => original.open(path, how))),
    write: (fd, data, position) =>
      around(
        () => original.write(fd, data, position),
        () => original.write(fd, data.subarray(0, data.length >> 1), position),
      ),
    datasync: (fd) => around(() => original.datasync(fd)),
    truncate: (fd, length) => around(() => original.truncate(fd, length)),
    rename: (from, to) => around(() => original.rename(from, to)),
    link: (from, to) => around(() => original.link(from, to)),
    unlink: (path) => around(() => original.unlink(path)),
    mkdir: (path) => around(() => original.mkdir(path)),
    syncFolder: (path) => around(() => original.syncFolder(path)),
  } satisfies Partial<Files>);
}

if (isCollector && at !== '' && (at === 'count' || !existsSync(mark))) arm(disk);
