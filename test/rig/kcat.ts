import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { onEnd } from './leaks.ts';
import { until, within } from './wait.ts';

/** Why tests against librdkafka are skipped; false where it is there. */
export const NO_KCAT =
  spawnSync('kcat', ['-V']).error === undefined
    ? false
    : 'there is no kcat on this machine (Debian: apt-get install kcat)';

export const PADDING = 'padding';

/** Another people's client of Kafka, and its brokers: librdkafka, in a process of kcat. */
export interface MockCluster {
  /** `127.0.0.1:PORT,…`. */
  readonly bootstrap: string;
  /** Produces records, `key|value`, one a line. One more follows, with the key PADDING. */
  produce(records: readonly string[]): void;
  /** Ends it, and the brokers with it. */
  kill(): Promise<void>;
}

/** Starts librdkafka's own mock brokers, with a producer in them, until the end of the test. */
export async function startMockCluster(
  t: TestContext,
  topic: string,
  { compression = 'none', brokers = 2 }: { readonly compression?: string; readonly brokers?: number } = {},
): Promise<MockCluster> {
  const args = ['-P', '-b', '127.0.0.1:1', '-t', topic, '-K', '|', '-z', compression, '-d', 'mock'];
  const child = spawn('kcat', [...args, '-X', `test.mock.num.brokers=${brokers}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.on('error', () => {});
  const told = textOf(child);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await within(once(child, 'close'), { what: 'kcat to end' });
  };
  onEnd(t, kill);
  const bootstrap = await until(() => /replaced with (\S+)/.exec(told())?.[1], { what: 'mock brokers' });
  return {
    bootstrap,
    produce(records) {
      // kcat reads blocks of 1 KiB.
      const padding = `${PADDING}|${'x'.repeat(2048)}`;
      child.stdin.write([...records, padding].map((record) => `${record}\n`).join(''));
    },
    kill,
  };
}

/** What a child has written to its standard error, the beginning of it. */
function textOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    if (text.length < 65_536) text += more;
  });
  return () => text;
}

/** Everything in a topic, as librdkafka's consumer reads it: `PARTITION OFFSET KEY VALUE`, and the length -1 for null. */
export async function readWithKcat(bootstrap: string, topic: string, count: number): Promise<string[]> {
  const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-c', String(count), '-q'];
  const child = spawn('kcat', [...args, '-X', 'check.crcs=true', '-f', '%p %o %k %s %S\n'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const told = textOf(child);
  try {
    await within(once(child, 'close'), { what: 'kcat to read everything' });
  } catch (error) {
    child.kill('SIGKILL');
    await once(child, 'close');
    throw new Error(`kcat: ${out} ${told()}`, { cause: error });
  }
  return out.split('\n').slice(0, -1);
}
