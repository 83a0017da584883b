import * as net from 'node:net';
import assert from 'node:assert/strict';
import type { StoredRecord } from '../../src/core/record.ts';
import type { Rig, RigChild } from './child.ts';
import type { TestDaemon } from './vahti.ts';

/** For the tests of what services need: what the daemon says of them, and a chain of three. */

export const SLEEP = { run: ['sleep', '1000'] };

export function config(services: Record<string, unknown>): string {
  return JSON.stringify({ services });
}

export function running(daemon: TestDaemon, name: string, notPid?: number | null) {
  return daemon.waitFor(
    name,
    `to run, not as ${notPid}`,
    ({ state, pid }) => state === 'running' && pid !== null && pid !== notPid,
  );
}

export function blocked(daemon: TestDaemon, name: string, ...waitsFor: string[]) {
  return daemon.waitFor(
    name,
    `to wait for ${waitsFor.join(', ')}`,
    (service) => service.state === 'blocked' && service.waitsFor.join() === waitsFor.join(),
  );
}

/** `SERVICE KIND` of the records about lives and states, in the order of the time line. */
export async function course(daemon: TestDaemon, from = 0): Promise<{ seen: string[]; last: number }> {
  const kinds = ['start', 'exit', 'flip', 'action'];
  const all = await daemon.records('-n', '1000');
  const records = all.filter(({ kind, seq }) => kinds.includes(kind) && seq > from);
  return { seen: records.map(word), last: records.at(-1)?.seq ?? from };
}

function word({ service, kind, fields }: StoredRecord): string {
  return kind === 'flip' ? `${service} ${String(fields?.['to'])}` : `${service} ${kind}`;
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** c needs b needs a; each is ready when the test says so. */
export function chain(rig: Rig): string {
  const each = { run: rig.argv, env: rig.env, ready: { line: 'up' }, stop: '20s' };
  return config({
    c: { ...each, needs: ['b ready'] },
    b: { ...each, needs: ['a ready'] },
    a: each,
    other: SLEEP,
  });
}

export async function bringUp(rig: Rig): Promise<Record<'a' | 'b' | 'c', RigChild>> {
  const found = {} as Record<'a' | 'b' | 'c', RigChild>;
  for (const name of ['a', 'b', 'c'] as const) {
    const child = await rig.nextChild(20_000);
    assert.equal(child.service, name);
    await child.print('stdout', 'up\n');
    found[name] = child;
  }
  return found;
}
