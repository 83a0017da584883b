import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { disk } from '../../core/files.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import { createLogFiles } from '../../pipeline/logs/log-files.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { keepStatusServed } from '../../pipeline/status/serve.ts';
import type { Lending } from './lending.ts';
import { servePipeline } from './service-api.ts';
import type { Stage } from './stage.ts';

export interface ShownService {
  readonly stage: Stage;
  readonly lending: Lending;
  readonly socket: string;
  readonly scope: Pick<Scope, 'clock' | 'log'>;
  /** The version of Vahti. */
  readonly program: string;
}

/** Serves the socket of a pipeline, and its status endpoint where its config has one, until `over`. Without them it still works: files come first. */
export async function showService(
  { stage, lending, socket, scope, program }: ShownService,
  over: AbortSignal,
): Promise<void> {
  const { pipeline, ledger } = stage;
  const { clock, log } = scope;
  const { status } = pipeline.plan;
  const folder = makeFolder(dirname(socket));
  const served = folder.ok
    ? await servePipeline(socket, { pipeline, ledger, lending, clock, program }, log)
    : folder;
  if (!served.ok) log.error('cannot show figures', { reason: served.error.message });
  if (status !== undefined) await keepStatusServed(status, pipeline, log, { program, clock }, over);
  else if (!over.aborted)
    await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
  if (served.ok) await served.value.close();
}

function makeFolder(path: string): Result<void, { readonly message: string }> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (thrown) {
    return err({ message: `cannot make ${path}: ${asError(thrown).message}` });
  }
}

export interface KeptLogFiles {
  readonly pipeline: Pipeline;
  readonly ledger: Ledger;
  readonly scope: Pick<Scope, 'clock' | 'log'>;
  /** The runner has ended: nothing comes to its end any more. */
  readonly over: AbortSignal;
}

/** Writes the logs of files where the config asks for them. Never rejects. */
export async function keepLogFiles({ pipeline, ledger, scope, over }: KeptLogFiles): Promise<void> {
  const { logs: folder } = pipeline.plan;
  if (folder === undefined) return;
  const { clock, log } = scope;
  try {
    const writer = createLogFiles({ view: pipeline, ledger, folder, files: disk, clock, log });
    await writer.run(over);
    await writer.write(true);
  } catch (thrown) {
    log.error('cannot write the logs of files any more', { reason: asError(thrown).message });
  }
}
