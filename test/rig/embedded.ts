import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { ok } from '../../src/core/result.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import type { PersistedService } from '../../src/core/runner.ts';
import { createEmbeddedService } from '../../src/run/embedded/service.ts';
import type { EmbeddedServiceDeps, EmbeddedServiceSpec } from '../../src/run/embedded/service.ts';
import { createRig } from './child.ts';
import type { FakeClock } from './fake-clock.ts';
import { leakCheck, onEnd, tempFolder, testStateId as stateId } from './leaks.ts';
import { until, within } from './wait.ts';

export interface TestServiceOptions {
  readonly spec?: Partial<EmbeddedServiceSpec>;
  readonly deps?: Partial<EmbeddedServiceDeps>;
}

/** A service with the rig's child as its command, on the real clock unless another one is given. */
export async function createTestService(t: TestContext, { spec, deps }: TestServiceOptions = {}) {
  leakCheck(t);
  const folder = tempFolder(t);
  const rig = await createRig(t);
  const drafts: RecordDraft[] = [];
  const persisted: PersistedService[] = [];
  const service = createEmbeddedService(
    {
      name: 'svc',
      argv: rig.argv,
      env: () => ok(rig.env),
      cwd: '/',
      stopMs: 10_000,
      log: { path: path.join(folder, 'svc.log') },
      ...spec,
    },
    {
      clock: systemClock,
      log: silentLog,
      records: (batch) => void drafts.push(...batch),
      persist: (_name, state) => void persisted.push(state),
      random: () => 0.5,
      stateId,
      ...deps,
    },
  );
  onEnd(t, () => turnUntil(deps?.clock, service.dispose()));
  const messages = (...kinds: string[]) =>
    drafts.filter(({ kind }) => kinds.includes(kind)).map(({ message }) => message);
  const reaches = (state: string) =>
    until(() => service.snapshot().state === state, { what: `the service to be ${state}` });
  const logText = () => fs.readFileSync(path.join(folder, 'svc.log'), 'utf8');
  return { service, rig, drafts, persisted, messages, reaches, logText, folder };
}

/** Waits for the end of something that waits on the clock; a fake one is turned on meanwhile. */
async function turnUntil(clock: Clock | undefined, promise: Promise<unknown>): Promise<void> {
  const over = promise.then(() => true);
  if (clock !== undefined && 'advance' in clock) {
    await until(async () => await Promise.race([over, (clock as FakeClock).advance(1).then(() => false)]), {
      what: 'the end',
    });
  }
  await within(over, { what: 'the end', deadlineMs: 20_000 });
}
