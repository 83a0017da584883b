import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createCollector } from '../collect/collector.ts';
import { diskRoom } from '../collect/room.ts';
import { disk } from '../core/files.ts';
import { lockFolder } from '../core/folder-lock.ts';
import { bootId } from '../core/processes.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Scope } from '../core/scope.ts';
import { serveFigures } from './figures.ts';
import type { PlannedService } from './plan.ts';
import { sourceFor } from './sources.ts';

export interface BuiltinTrouble {
  readonly kind: 'locked' | 'failed';
  readonly message: string;
}

/**
 * Runs a collector in this process until `drain`: locks its folder, so that there is never a second writer, and serves
 * its figures on `socket`. Rejects where the disk fails; the process has to end then.
 */
export async function runCollector(
  service: PlannedService & { readonly collect: NonNullable<PlannedService['collect']> },
  socket: string,
  scope: Scope,
  random: () => number,
): Promise<Result<void, BuiltinTrouble>> {
  const { collect } = service;
  const own = `${collect.into}/.vahti`;
  mkdirSync(own, { recursive: true });
  const locked = lockFolder(own, { what: `collector ${service.name}`, clock: scope.clock });
  if (!locked.ok)
    return err({ kind: locked.error.kind === 'held' ? 'locked' : 'failed', message: locked.error.message });
  const collector = createCollector(
    {
      source: sourceFor(collect, { random, cwd: service.cwd, env: process.env }),
      into: collect.into,
      part: collect.part,
      start: collect.cursor,
      onReset: collect['on-reset'],
      files: disk,
      room: diskRoom(collect.into, collect.floor),
      spool: collect.spool,
      boot: bootId(),
    },
    scope.clock,
  );
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const served = await serveFigures(socket, collector, scope.log);
  // Without its socket it still collects: data come before figures.
  if (!served.ok) scope.log.error('cannot show figures', { reason: served.error.message });
  try {
    await collector.run(scope);
    return ok(undefined);
  } finally {
    if (served.ok) await served.value.close();
    locked.value.release();
  }
}
