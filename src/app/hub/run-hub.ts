import { readFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { lockFolder } from '../../core/folder-lock.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { BuiltinTrouble } from '../builtin.ts';
import type { PlannedHub } from '../plan.ts';
import { keepingOf } from './keeping.ts';
import { openHub } from './open-hub.ts';

/** How long batches that were taken may take to be stored at the end. */
const CLOSE_MS = 10_000;

/**
 * Runs the hub in this process until `drain`: locks its folder, so that there is never a second writer. Rejects where its store dies;
 * the process has to end then, and the next one recovers from the last commit.
 */
export async function runHub(
  planned: PlannedHub,
  scope: Scope,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<void, BuiltinTrouble>> {
  const { clock, log } = scope;
  const keeping = keepingOf(planned, env);
  if (!keeping.ok) return err({ kind: 'failed', message: keeping.error });
  const files = readFiles(planned);
  if (!files.ok) return err({ kind: 'failed', message: files.error });
  mkdirSync(planned.folder, { recursive: true, mode: 0o700 });
  const locked = lockFolder(planned.folder, { what: 'the hub', clock });
  if (!locked.ok)
    return err({ kind: locked.error.kind === 'held' ? 'locked' : 'failed', message: locked.error.message });
  const death = Promise.withResolvers<never>();
  death.promise.catch(() => {});
  try {
    const opened = await openHub(
      { ...planned, ...keeping.value, ...files.value },
      { clock, log, died: (error) => death.reject(error) },
    );
    if (!opened.ok) return err({ kind: 'failed', message: opened.error });
    const hub = opened.value;
    log.info('the hub listens', {
      url: hub.url,
      ...(hub.syslog === undefined ? {} : { syslog: hub.syslog }),
    });
    scope.ready();
    try {
      await Promise.race([aborted(scope.drain), death.promise]);
    } finally {
      const patience = new AbortController();
      try {
        await Promise.race([hub.close(), clock.sleep(CLOSE_MS, patience.signal)]);
      } finally {
        patience.abort();
      }
    }
    return ok(undefined);
  } finally {
    locked.value.release();
  }
}

/** Files that are read once: another certificate means another start. */
function readFiles({
  tls,
  oldTokens,
}: PlannedHub): Result<
  { readonly certificate?: { readonly cert: string; readonly key: string }; readonly publicKey?: string },
  string
> {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new Error(`cannot read ${file}: ${asError(error).message}`, { cause: error });
    }
  };
  try {
    return ok({
      ...(tls === undefined ? {} : { certificate: { cert: read(tls.cert), key: read(tls.key) } }),
      ...(oldTokens === undefined ? {} : { publicKey: read(oldTokens) }),
    });
  } catch (error) {
    return err(asError(error).message);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
