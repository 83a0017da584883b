import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import type { PersistedService, Runner } from '../../src/core/runner.ts';
import type { LaneSettings } from '../../src/run/lanes.ts';
import { createSystemdHost } from '../../src/run/systemd/host.ts';
import { createInstalledService } from '../../src/run/systemd/installed-service.ts';
import { knownOnce } from '../../src/run/systemd/unit-log.ts';
import { PROGRAM } from './vahti.ts';

/** A service that systemd runs, by a unit as `vahti install` makes it; for tests that run inside of a box. */

/** As JSON can say it. */
export interface InstalledOrder {
  readonly unit: string;
  readonly stateId: string;
  /** State, plan and log. */
  readonly folder: string;
  readonly restart?: Partial<LaneSettings>;
}

export interface UnitOrder extends InstalledOrder {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user?: string;
  readonly stopMs: number;
}

/** Makes the unit of a service `svc`, and what it reads. */
export function makeUnit({ unit, stateId, folder, argv, env, cwd, user, stopMs, restart }: UnitOrder): void {
  const plan = path.join(folder, 'plan.json');
  const service = {
    name: 'svc',
    kind: 'command',
    argv,
    env,
    cwd,
    needs: [],
    stopMs,
    ...(user === undefined ? {} : { user }),
  };
  fs.writeFileSync(
    plan,
    JSON.stringify({
      v: 1,
      file: path.join(folder, 'x.yaml'),
      state: folder,
      services: [service],
      lives: { stateId, services: {} },
    }),
  );
  const codes = restart?.noRestartOn ?? [];
  const lines = [
    '[Unit]',
    'StartLimitIntervalSec=0',
    '[Service]',
    'Type=exec',
    'Environment=VAHTI_UNIT=1',
    `ExecStart=${process.execPath} ${PROGRAM} run svc --plan ${plan}`,
    'Restart=always',
    'RestartSec=1s',
    `TimeoutStopSec=${stopMs}ms`,
    ...(codes.length === 0 ? [] : [`RestartPreventExitStatus=${codes.join(' ')}`]),
    ...(user === undefined ? [] : [`User=${user}`]),
    '',
  ];
  fs.writeFileSync(path.join('/etc/systemd/system', unit), lines.join('\n'));
  systemctl('daemon-reload');
}

function systemctl(...words: readonly string[]): void {
  execFileSync('systemctl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Stops it, and takes the unit away. */
export function removeUnit(unit: string): void {
  systemctl('stop', unit);
  fs.rmSync(path.join('/etc/systemd/system', unit));
  systemctl('daemon-reload');
}

export interface Installed {
  readonly runner: Runner;
  readonly drafts: readonly RecordDraft[];
  close(): Promise<void>;
}

/** The runner of it, with a host of its own. */
export function createInstalled(
  { unit, stateId, folder, restart }: InstalledOrder,
  restored: PersistedService | undefined,
  persist: (state: PersistedService) => void,
): Installed {
  const drafts: RecordDraft[] = [];
  const shared = { clock: systemClock, random: () => 0.5 };
  const host = createSystemdHost({
    ...shared,
    life: `${stateId}/systemd`,
    place: undefined,
    savePlace: () => {},
    flush: () => true,
    note: () => {},
  });
  const runner = createInstalledService(
    {
      name: 'svc',
      unit,
      showsMemory: true,
      log: { path: path.join(folder, 'svc.log'), budgetBytes: 1_000_000 },
      ...(restart === undefined ? {} : { restart }),
    },
    {
      ...shared,
      host,
      stateId,
      log: silentLog,
      records: (batch) => void drafts.push(...batch),
      persist: (_name, state) => persist(state),
      known: { lives: [], told: '' },
      recorded: () => knownOnce([]),
      wasReady: () => undefined,
      ...(restored === undefined ? {} : { restored }),
    },
  );
  return {
    runner,
    drafts,
    async close() {
      await runner.dispose('daemon');
      await host.close();
    },
  };
}
