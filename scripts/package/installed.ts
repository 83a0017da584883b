import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { loadConfig } from '../../src/app/config/load.ts';
import { rebase } from '../../src/app/install/rebase.ts';
import { renderInstall, SYSUSERS_FILE, TMPFILES_FILE, UNIT_FOLDER } from '../../src/app/install/render.ts';
import { OWN_GROUP, OWN_USER } from '../../src/app/install/target.ts';
import { DAEMON_UNIT } from '../../src/app/unit-names.ts';
import type { PackageFile } from './tree.ts';

const CONFIG = '/etc/vahti/vahti.yaml';
const PROGRAM = ['/usr/lib/vahti/bin/node', '/usr/lib/vahti/bin/vahti.js'];
/** Where a package has what `vahti install` writes: what the administrator has in /etc takes its place. */
const PACKAGED: Readonly<Record<string, string>> = {
  [`${UNIT_FOLDER}/${DAEMON_UNIT}`]: `/usr/lib/systemd/system/${DAEMON_UNIT}`,
  [SYSUSERS_FILE]: '/usr/lib/sysusers.d/vahti.conf',
  [TMPFILES_FILE]: '/usr/lib/tmpfiles.d/vahti.conf',
};

/** The unit of the daemon, its user and its folders: what `vahti install` makes of the config of the package. */
export async function installedFiles(config: string, version: string): Promise<PackageFile[]> {
  const root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'vahti-installed-'));
  try {
    fs.mkdirSync(path.dirname(root + CONFIG), { recursive: true });
    fs.copyFileSync(config, root + CONFIG);
    const { plan } = await loadConfig(root + CONFIG);
    if (plan === undefined) throw new Error(`cannot use ${config}: it has errors`);
    const who = { user: OWN_USER, group: OWN_GROUP, homes: new Map<string, string>() };
    const target = { ...who, plan: rebase(plan, root), program: PROGRAM, version };
    return renderInstall(target).files.flatMap(({ path: at, text }) => {
      const to = PACKAGED[at];
      if (to === undefined) return [];
      return [{ path: to, mode: 0o644, config: false, content: { text: withoutMark(text) } }];
    });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

/** The comment at the beginning says that `vahti install` made the file, which it has not. */
function withoutMark(text: string): string {
  return text.replace(/^(?:#.*\n)+\n?/, '');
}
