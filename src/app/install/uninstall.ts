import { existsSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { statePaths } from '../state.ts';
import { DAEMON_UNIT } from '../unit-names.ts';
import { hasSystemd, type OwnFile, readOwnFiles, runTool } from './machine.ts';
import { UNIT_FOLDER } from './render.ts';

/** Takes away what an install has made: units and rules. The user that it made stays, as every user of the system. */

export interface Uninstall {
  /** What an install wrote; empty where there is none. */
  readonly files: readonly OwnFile[];
  /** Units, the daemon's first: it would say that the others have stopped. */
  readonly units: readonly string[];
  /** Folders that a purge deletes, as far as they are there. */
  readonly purged: readonly string[];
  apply(how: {
    readonly purge: boolean;
    readonly say: (line: string) => void;
  }): Promise<Result<void, string>>;
}

/** Stops take as long as the services are given. */
const STOP_MS = 3_600_000;

/** @param state the state folder of the config. */
export function planUninstall(config: string, state: string, clock: Clock): Uninstall {
  const files = readOwnFiles('').filter((file) => file.config === config);
  const units = files
    .map(({ path }) => path)
    .filter((path) => dirname(path) === UNIT_FOLDER)
    .map((path) => basename(path))
    .toSorted((a, b) => Number(b === DAEMON_UNIT) - Number(a === DAEMON_UNIT));
  const paths = statePaths(state);
  const purged = [state, paths.logs, dirname(paths.control)].filter(
    (path, index, all) =>
      existsSync(path) && all.indexOf(path) === index && !(path !== state && path.startsWith(`${state}/`)),
  );
  return {
    files,
    units,
    purged,
    async apply({ purge, say }) {
      const removed = await removeUnits(files, units, clock, say);
      if (!removed.ok) return removed;
      return purge ? removeFolders(purged, say) : ok(undefined);
    },
  };
}

async function removeUnits(
  files: readonly OwnFile[],
  units: readonly string[],
  clock: Clock,
  say: (line: string) => void,
): Promise<Result<void, string>> {
  const live = hasSystemd() && units.length > 0;
  if (live) {
    for (const argv of [
      ['stop', ...units.slice(0, 1)],
      ['stop', ...units.slice(1)],
      ['--no-reload', '--quiet', 'disable', ...units],
    ]) {
      if (argv[0] === 'stop' && argv.length === 1) continue;
      const done = await runTool(['systemctl', ...argv], clock, STOP_MS);
      if (!done.ok) return done;
    }
    for (const unit of units) say(`stopped ${unit}`);
  }
  try {
    for (const { path } of files) rmSync(path, { force: true });
  } catch (error) {
    return err(`cannot remove: ${asError(error).message}`);
  }
  say(`removed ${files.length} files`);
  if (!live) return ok(undefined);
  const reloaded = await runTool(['systemctl', 'daemon-reload'], clock);
  if (!reloaded.ok) return reloaded;
  // What has failed is remembered without its file: it is not to be seen any more.
  await runTool(['systemctl', 'reset-failed', ...units], clock);
  return ok(undefined);
}

function removeFolders(folders: readonly string[], say: (line: string) => void): Result<void, string> {
  for (const folder of folders) {
    try {
      rmSync(folder, { recursive: true, force: true });
      say(`deleted ${folder}`);
    } catch (error) {
      return err(`cannot delete ${folder}: ${asError(error).message}`);
    }
  }
  return ok(undefined);
}
