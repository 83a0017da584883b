import { dirname, join, resolve } from 'node:path';

/**
 * Where things lie on a machine that Vahti is installed on. A config in `/etc/vahti` (or below another root: `ROOT/etc/vahti`) has
 * its state, its logs and its sockets where Linux keeps them; any other has all of them beside itself.
 */

const CONFIG = '/etc/vahti';
const STATE = '/var/lib/vahti';

/** The root of an installed layout that a path of it begins with: `''` for the machine's own; undefined for any other path. */
function rootOf(path: string, suffix: string): string | undefined {
  return path.endsWith(suffix) ? path.slice(0, -suffix.length) : undefined;
}

/** Whether a config is that of the machine, not of a folder of somebody's. */
export function isInstalledConfig(file: string): boolean {
  return rootOf(dirname(resolve(file)), CONFIG) !== undefined;
}

/** The folder that relative paths of data are meant from: commands run there, collectors write below. Secrets and keys lie beside the config. */
export function dataFolder(file: string): string {
  const folder = dirname(resolve(file));
  const root = rootOf(folder, CONFIG);
  return root === undefined ? folder : join(root, STATE);
}

/** Where the state is where the config does not say it. */
export function defaultState(file: string): string {
  const folder = dirname(resolve(file));
  const root = rootOf(folder, CONFIG);
  return root === undefined ? join(folder, '.vahti') : join(root, STATE);
}

/** More files of the same config, merged into it; undefined where there are none. */
export function moreConfigs(file: string): string | undefined {
  return isInstalledConfig(file) ? join(dirname(resolve(file)), 'conf.d') : undefined;
}

/** What is not kept in the state folder itself, but lies where Linux looks for it. */
export interface Places {
  readonly control: string;
  /** Who may speak to the daemon: its user, or its group, too. */
  readonly controlMode: 0o600 | 0o660;
  readonly logs: string;
  readonly run: string;
}

/** @param state the state folder, absolute. */
export function placesOf(state: string): Places {
  const root = rootOf(state, STATE);
  if (root === undefined)
    return {
      control: join(state, 'control.sock'),
      controlMode: 0o600,
      logs: join(state, 'logs'),
      run: join(state, 'run'),
    };
  return {
    control: join(root, '/run/vahti/control.sock'),
    controlMode: 0o660,
    logs: join(root, '/var/log/vahti'),
    run: join(root, '/run/vahti/services'),
  };
}

/** What systemd gives to every unit for `$NAME` in the config; it need not be there. */
export function environmentFileOf(file: string): string {
  return join(dirname(resolve(file)), isInstalledConfig(file) ? 'env' : 'vahti.env');
}
