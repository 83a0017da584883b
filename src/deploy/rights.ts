import { barePath } from './quoting.ts';
import { markOf } from './unit-file.ts';

/** Files beside the units: who may do what, and which folders there are. */

/** What the daemon may do with its units. */
const VERBS = ['start', 'stop', 'restart', 'try-restart', 'reset-failed'] as const;

/** A rule of polkit (polkit(8)): a user may do that with exactly these units, and with no other. */
export function polkitRule(config: string, user: string, units: readonly string[]): string {
  const list = (words: readonly string[]): string =>
    words.map((each) => `    ${JSON.stringify(each)},\n`).join('');
  return `${markOf(config, '//')}
polkit.addRule(function (action, subject) {
  var units = [
${list(units.toSorted())}  ];
  var verbs = [
${list(VERBS)}  ];
  if (
    action.id == "org.freedesktop.systemd1.manage-units" &&
    subject.user == ${JSON.stringify(user)} &&
    units.indexOf(action.lookup("unit")) >= 0 &&
    verbs.indexOf(action.lookup("verb")) >= 0
  )
    return polkit.Result.YES;
});
`;
}

/**
 * A group, and a user of the system that nobody can log in as (sysusers.d(5)). Who is in the group may speak to the daemon.
 * @param user undefined where somebody else runs it.
 */
export function sysusers(config: string, user: string | undefined, group: string): string {
  const line = user === undefined ? '' : `u ${user} - "Vahti" /var/lib/vahti /usr/sbin/nologin\n`;
  return `${markOf(config)}\ng ${group} -\n${line}`;
}

export interface Folder {
  readonly path: string;
  readonly mode: number;
  readonly user: string;
  readonly group: string;
}

/** Folders that are there from the boot on (tmpfiles.d(5)). */
export function tmpfiles(config: string, folders: readonly Folder[]): string {
  const lines = folders.map(
    ({ path, mode, user, group }) => `d ${quotedPath(path)} 0${mode.toString(8)} ${user} ${group} -\n`,
  );
  return `${markOf(config)}\n${lines.join('')}`;
}

/** tmpfiles.d(5): fields are unquoted and unescaped, and have specifiers. */
function quotedPath(path: string): string {
  const escaped = barePath(path);
  return /["'\\\s]/.test(escaped) ? `"${escaped.replace(/[\\"]/g, '\\$&')}"` : escaped;
}
