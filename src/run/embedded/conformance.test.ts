import * as fs from 'node:fs';
import * as path from 'node:path';
import type { DaemonOrders } from '../../../test/rig/daemon-main.ts';
import { createTestService } from '../../../test/rig/embedded.ts';
import { onEnd, tempFolder, testStateId as stateId } from '../../../test/rig/leaks.ts';
import { conformance } from '../../../test/rig/runner-conformance.ts';
import { systemClock as clock } from '../../core/clock.ts';
import { startProcess } from '../../core/processes.ts';
import { ok } from '../../core/result.ts';
import type { PersistedService } from '../../core/runner.ts';
import { endSurvivors } from './survivors.ts';

const MAIN = path.join(import.meta.dirname, '../../../test/rig/daemon-main.ts');

conformance('embedded', {
  fakeClock: true,
  adopts: false,
  atOnce: true,
  tellsOutputs: true,
  killedAtDeadline: /, killed at the stop deadline$/,
  async make(t, { env, ...order }, how = {}) {
    const spec = { ...order, env: () => ok(env) };
    const { service, drafts, persisted, logText } = await createTestService(t, { spec, deps: how });
    return { runner: service, drafts, logText, persisted: () => persisted.at(-1) };
  },
  makeToKill(t, { env, cwd = '/', ...order }) {
    const folder = tempFolder(t);
    const statePath = path.join(folder, 'state.json');
    const service = { name: 'svc', ...order, env, cwd, log: { path: path.join(folder, 'svc.log') } };
    const orders: DaemonOrders = { stateId, statePath, services: [service] };
    const daemon = startProcess({
      argv: [process.execPath, MAIN, JSON.stringify(orders)],
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: '/',
    });
    const kill = async (): Promise<PersistedService> => {
      process.kill(daemon.pid ?? 0, 'SIGKILL');
      await daemon.exited;
      const states = JSON.parse(fs.readFileSync(statePath, 'utf8')) as Record<string, PersistedService>;
      return states['svc'] as PersistedService;
    };
    onEnd(t, () => daemon.exited);
    return { kill };
  },
  async recover({ process: main }) {
    const recorded = main === null ? [] : [main];
    await endSurvivors({ stateId, deadlineMs: 5_000, clock, recorded });
  },
});
