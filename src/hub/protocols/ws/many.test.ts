import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { leakCheck, onEnd } from '../../../../test/rig/leaks.ts';
import { until, within } from '../../../../test/rig/wait.ts';
import { batchFrame, startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';

/** 5000 and more need as many open files: `ulimit -n`. */
const MANY = Number(process.env['VAHTI_MANY'] ?? 300);
const AT_ONCE = 100;

test(`${MANY} agents are connected, idle, and cost little; a batch of each is stored`, async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t, { socketOptions: { mostStrangers: 2 * AT_ONCE } });
  const sockets: WebSocket[] = [];
  onEnd(t, () => sockets.forEach((socket) => socket.terminate()));
  const join = async (index: number): Promise<void> => {
    const ws = new WebSocket(hub.wsUrl, { perMessageDeflate: false });
    sockets.push(ws);
    await within(once(ws, 'open'), { what: 'the connection to open', deadlineMs: 30_000 });
    const answer = once(ws, 'message');
    ws.send(JSON.stringify({ action: 'auth', token: hub.agentToken(`agent-${index}`), v: 2, series: 's' }));
    const [data] = (await within(answer, { what: 'the answer to auth', deadlineMs: 30_000 })) as [Buffer];
    assert.equal((JSON.parse(data.toString()) as { success: boolean }).success, true);
  };
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const begun = performance.now();
  for (let start = 0; start < MANY; start += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, MANY - start) }, (_, index) => join(start + index)),
    );
  const joinedMs = performance.now() - begun;
  assert.equal(hub.sockets.count(), MANY);
  globalThis.gc?.();
  const bytes = process.memoryUsage.rss() - before;
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, MANY > 1000 ? 10_000 : 300));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = MANY > 1000 ? 10 : 0.3;
  const sentAt = performance.now();
  const put = async (ws: WebSocket, index: number): Promise<void> => {
    const record = {
      seq: 1,
      time: index + 1,
      host: 'h',
      service: 's',
      life: '',
      kind: 'log',
      level: 9,
      sender: '',
      message: 'm',
    };
    for (;;) {
      const answer = once(ws, 'message');
      ws.send(batchFrame(0, [record]));
      const [data] = (await within(answer, { what: 'a batch to be stored', deadlineMs: 30_000 })) as [Buffer];
      const { stored, kind, retryAfter = 0 } = JSON.parse(data.toString()) as Record<string, number>;
      if (stored === 1) return;
      // More at once than the store lets wait.
      assert.equal(kind, 'later');
      await new Promise((resolve) => setTimeout(resolve, retryAfter));
    }
  };
  await Promise.all(sockets.map(put));
  t.diagnostic(
    `${MANY} let in within ${Math.round(joinedMs)} ms; RSS of both ends +${Math.round(bytes / 1024 / MANY)} KiB each; idle ${(((user + system) / 1e6 / seconds) * 100).toFixed(1)} % of a core; a batch of each stored within ${Math.round(performance.now() - sentAt)} ms`,
  );
  for (const socket of sockets) socket.close();
  await until(() => hub.sockets.count() === 0, { what: 'all to be gone', deadlineMs: 30_000 });
});
