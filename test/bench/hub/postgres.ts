import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Contestant } from './contestant.ts';

const ROOT = '/usr/lib/postgresql';
const BUCKETS = 8;
/** When the workload begins, microseconds. */
const BEGIN = 1_800_000_000_000_000;

/** Where PostgreSQL's programs are; undefined where it is not installed. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(ROOT) || process.getuid?.() !== 0) return undefined;
  const [newest] = readdirSync(ROOT).toSorted((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(ROOT, newest, 'bin');
}

/** PostgreSQL by COPY into partitions by receipt, each batch a transaction, over a socket, by psql. Its server runs as the user postgres. */
export async function postgres(folder: string, hours: number): Promise<Contestant> {
  const programs = postgresPrograms();
  if (programs === undefined)
    throw new Error('cannot measure PostgreSQL: it is not installed, or this is not root');
  const data = join(folder, 'pg');
  mkdirSync(data, { recursive: true });
  // The server's user has to get there.
  for (const each of [dirname(folder), folder]) chmodSync(each, 0o711);
  const as = (program: string, ...args: string[]): string =>
    execFileSync('runuser', ['-u', 'postgres', '--', join(programs, program), ...args], { encoding: 'utf8' });
  execFileSync('chown', ['-R', 'postgres', data]);
  as('initdb', '-D', data, '--auth=trust', '-E', 'UTF8', '--locale=C');
  const settings = `-c listen_addresses= -c unix_socket_directories=${data} -c shared_buffers=512MB -c max_wal_size=8GB`;
  as('pg_ctl', '-D', data, '-w', '-l', join(data, 'log'), '-o', settings, 'start');
  const psql = startPsql(['-h', data, '-U', 'postgres', 'postgres']);
  const step = Math.ceil((hours * 3_600_000_000) / BUCKETS);
  const partitions = Array.from({ length: BUCKETS + 1 }, (_, index) => ({
    name: `rows_${index}`,
    from: BEGIN + index * step,
    to: BEGIN + (index + 1) * step,
  }));
  await psql.run(`CREATE TABLE rows (time bigint, received bigint, seq bigint, service text, life text, sender text,
    level smallint, message text) PARTITION BY RANGE (received);
    CREATE INDEX ON rows (time); CREATE INDEX ON rows (sender, time); CREATE INDEX ON rows (level, time) WHERE level >= 13;
    ${partitions
      .map(
        ({ name, from, to }) =>
          `CREATE TABLE ${name} PARTITION OF rows FOR VALUES FROM (${from}) TO (${to});`,
      )
      .join('\n')}`);
  const count = async (sql: string): Promise<number> => (await psql.run(`${sql};`)).length;
  const bytes = async (): Promise<number> =>
    Number((await psql.run("SELECT pg_database_size('postgres');"))[0]) - empty;
  let empty = 0;
  empty = await bytes();
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  return {
    name: 'PostgreSQL, COPY into partitions',
    async append(records, now) {
      const rows = records.map(
        ({ seq, time, service, life, sender, level, message }) =>
          `${time}\t${now}\t${seq}\t${service}\t${life}\t${sender}\t${level}\t${message}`,
      );
      await psql.run(`COPY rows FROM STDIN;\n${rows.join('\n')}\n\\.`);
    },
    settle: async () => void (await psql.run('CHECKPOINT;')),
    bytes,
    questions: {
      newest: () => count('SELECT * FROM rows ORDER BY time DESC LIMIT 100'),
      seconds: ({ end }) => count(`SELECT * FROM rows WHERE time >= ${end - 10_000_000} ORDER BY time DESC`),
      sender: ({ end, sender }) =>
        count(
          `SELECT * FROM rows WHERE sender = ${text(sender)} AND time >= ${end - 10_000_000} ORDER BY time DESC`,
        ),
      errors: ({ end }) =>
        count(
          `SELECT * FROM rows WHERE level >= 17 AND time >= ${end - 3_600_000_000} ORDER BY time DESC LIMIT 1000`,
        ),
      rare: ({ rare }) => count(`SELECT * FROM rows WHERE strpos(message, ${text(rare)}) > 0 LIMIT 10000`),
      frequent: ({ frequent }) =>
        count(`SELECT * FROM rows WHERE strpos(message, ${text(frequent)}) > 0 ORDER BY time DESC LIMIT 100`),
      minutes: () => count('SELECT time / 60000000, level, count(*) FROM rows GROUP BY 1, 2'),
    },
    async purge(before) {
      const old = partitions.filter(({ to }) => to <= before).map(({ name }) => name);
      await psql.run(`DROP TABLE ${old.join(', ')};`);
      return bytes();
    },
    async close() {
      await psql.end();
      as('pg_ctl', '-D', data, '-w', '-m', 'fast', 'stop');
    },
  };
}

const DONE = '--- done ---';

/** psql as a child that is asked again and again. */
function startPsql(args: readonly string[]) {
  const child: ChildProcessWithoutNullStreams = spawn('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', ...args]);
  let said = '';
  let wanted: ((lines: readonly string[]) => void) | undefined;
  child.stderr.pipe(process.stderr);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (!said.endsWith(`${DONE}\n`)) return;
    const lines = said.split('\n').slice(0, -2);
    said = '';
    wanted?.(lines);
  });
  return {
    run: (sql: string): Promise<readonly string[]> =>
      new Promise((resolve, reject) => {
        wanted = resolve;
        child.once('exit', () => reject(new Error('psql ended')));
        child.stdin.write(`${sql}\n\\echo ${DONE}\n`);
      }),
    end: (): Promise<void> =>
      new Promise((resolve) => {
        child.removeAllListeners('exit').once('exit', () => resolve());
        child.stdin.end();
      }),
  };
}
