import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import type { Clock } from '../../core/clock.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { ControlApi } from '../control-api.ts';
import type { Plan } from '../plan.ts';
import { statePaths } from '../state.ts';
import { DAEMON_UNIT } from '../unit-names.ts';
import type { Before, Changes } from './changes.ts';
import { ownerOf, runTool } from './machine.ts';
import { SYSUSERS_FILE, TMPFILES_FILE, UNIT_FOLDER } from './render.ts';
import type { InstallTarget, NeededFolder } from './target.ts';

const FILE_MODE = 0o644;
/** Services of other users read it by the group. */
const PLAN_MODE = 0o640;
const RELOAD_MS = 3_600_000;
const WANTS = `${UNIT_FOLDER}/multi-user.target.wants`;

export interface Installing {
  readonly target: InstallTarget;
  readonly before: Before;
  readonly changes: Changes;
  readonly starts: boolean;
  readonly clock: Clock;
  /** One line for people. */
  readonly say: (line: string) => void;
}

/** Does what the changes say. What is done stays done where a later step fails: the next install goes on. */
export async function applyInstall(installing: Installing): Promise<Result<void, string>> {
  const { before, starts, changes } = installing;
  const steps =
    before.root === ''
      ? [makeRights, makeFolders, writePlan, writeUnits, ...(starts ? [reloadDaemon, runUnits] : [])]
      : [makeImage];
  for (const step of steps) {
    const done = await step(installing);
    if (!done.ok) return done;
  }
  if (!starts && before.root === '' && changes.start.length > 0)
    installing.say(`not started: systemctl start ${[DAEMON_UNIT, ...changes.start].join(' ')}`);
  return ok(undefined);
}

type Step = (installing: Installing) => Promise<Result<void, string>>;

async function write(path: string, text: string): Promise<Result<void, string>> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    await writeFileAtomic(path, text, { mode: FILE_MODE });
    return ok(undefined);
  } catch (error) {
    return err(`cannot write ${path}: ${asError(error).message}`);
  }
}

/** Users and folders of the system: both are made by the programs of systemd, as after each boot. */
const makeRights: Step = async ({ changes, clock }) => {
  const makers = { [SYSUSERS_FILE]: ['systemd-sysusers'], [TMPFILES_FILE]: ['systemd-tmpfiles', '--create'] };
  for (const [path, argv] of Object.entries(makers)) {
    const file = changes.files.find((each) => each.path === path);
    if (file !== undefined) {
      const written = await write(path, file.text);
      if (!written.ok) return written;
    }
    if (file === undefined && !existsSync(path)) continue;
    const made = await runTool([...argv, path], clock);
    if (!made.ok) return made;
  }
  return ok(undefined);
};

const makeFolders: Step = async ({ changes }) => {
  for (const folder of changes.folders) {
    const made = await makeFolder(folder);
    if (!made.ok) return made;
  }
  return ok(undefined);
};

/** Every level that is missing belongs to the user. */
async function makeFolder({ path, mode, user, group }: NeededFolder): Promise<Result<void, string>> {
  if (existsSync(path)) return ok(undefined);
  const owner = await ownerOf(user, group);
  if (!owner.ok) return owner;
  try {
    const missing: string[] = [];
    for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const level of missing) {
      mkdirSync(level);
      chmodSync(level, mode);
      chownSync(level, owner.value.uid, owner.value.gid);
    }
    return ok(undefined);
  } catch (error) {
    return err(`cannot make ${path}: ${asError(error).message}`);
  }
}

/** Units that start while no daemon runs find there what they are. */
const writePlan: Step = async ({ changes, target, before: { lives } }) => {
  if (changes.plan === undefined) return ok(undefined);
  const path = statePaths(target.plan.state).plan;
  const owner = await ownerOf(target.user, target.group);
  if (!owner.ok) return owner;
  try {
    await writeFileAtomic(path, `${JSON.stringify({ ...changes.plan, lives })}\n`, { mode: PLAN_MODE });
    chownSync(path, owner.value.uid, owner.value.gid);
    return ok(undefined);
  } catch (error) {
    return err(`cannot write ${path}: ${asError(error).message}`);
  }
};

const writeUnits: Step = async ({ changes, clock, say }) => {
  const { files, enable, disable, stop } = changes;
  const gone = [...disable, ...stop];
  if (gone.length > 0) {
    const disabled = await runTool(['systemctl', '--no-reload', '--quiet', 'disable', ...gone], clock);
    if (!disabled.ok) return disabled;
  }
  for (const { path, change, text } of files) {
    if (path === SYSUSERS_FILE || path === TMPFILES_FILE) continue;
    if (change === 'gone') rmSync(path, { force: true });
    else {
      const written = await write(path, text);
      if (!written.ok) return written;
    }
  }
  if (files.length > 0) say(`${files.length} ${files.length === 1 ? 'file' : 'files'} changed`);
  if (enable.length > 0) {
    const enabled = await runTool(['systemctl', '--no-reload', '--quiet', 'enable', ...enable], clock);
    if (!enabled.ok) return enabled;
  }
  if (!files.some(({ path }) => path.startsWith(UNIT_FOLDER)) && enable.length + disable.length === 0)
    return ok(undefined);
  const reloaded = await runTool(['systemctl', 'daemon-reload'], clock);
  return reloaded.ok ? ok(undefined) : reloaded;
};

const reloadDaemon: Step = async ({ changes, target, clock, say }) => {
  const { daemon } = changes;
  if (daemon === 'leave') return ok(undefined);
  if (daemon !== 'reload') {
    const started = await runTool(['systemctl', daemon, DAEMON_UNIT], clock);
    if (started.ok) say(`${daemon === 'start' ? 'started' : 'restarted'} ${DAEMON_UNIT}`);
    return started.ok ? ok(undefined) : err(`${started.error}; journalctl -u ${DAEMON_UNIT} shows why`);
  }
  const client = createRpcClient<ControlApi>(statePaths(target.plan.state).control);
  const reloaded = await client.call('reload', { dryRun: false }, { timeoutMs: RELOAD_MS });
  if (!reloaded.ok) return err(`cannot have the daemon reload: ${reloaded.error.message}`);
  say(`reloaded ${DAEMON_UNIT}`);
  return ok(undefined);
};

/** What the daemon does not do when it reloads. */
const runUnits: Step = async ({ changes: { start, restart, renew, stop }, clock, say }) => {
  for (const name of renew) say(`restarted ${name}`);
  const acts = [
    ['stop', stop, 'stopped'],
    ['try-restart', restart, 'restarted'],
    ['start', start, 'started'],
  ] as const;
  for (const [verb, names, done] of acts) {
    if (names.length === 0) continue;
    // A collector is up when its source has answered: that may take as long as it likes.
    const wait = verb === 'stop' ? [] : ['--no-block'];
    const acted = await runTool(['systemctl', ...wait, verb, ...names], clock, RELOAD_MS);
    // One that the daemon has stopped already is forgotten with its file.
    if (!acted.ok && !/not loaded/.test(acted.error)) return acted;
    for (const name of names) say(`${done} ${name}`);
  }
  return ok(undefined);
};

/** Into the root of an image nothing is started, and no program is run. */
const makeImage: Step = async ({ changes, before: { root }, starts }) => {
  for (const { path, change, text } of changes.files) {
    if (change === 'gone') {
      rmSync(root + path, { force: true });
      rmSync(root + join(WANTS, path.slice(UNIT_FOLDER.length)), { force: true });
      continue;
    }
    const written = await write(root + path, text);
    if (!written.ok) return written;
  }
  try {
    if (changes.plan !== undefined) await writeImagePlan(root, changes.plan);
    for (const { path } of changes.folders) mkdirSync(root + path, { recursive: true });
    if (starts) for (const name of changes.enable) link(root, name);
    for (const name of changes.disable) rmSync(root + join(WANTS, name), { force: true });
    return ok(undefined);
  } catch (error) {
    return err(`cannot write into ${root}: ${asError(error).message}`);
  }
};

/** Nobody is known by a number yet: the folder around it keeps others out, and its owner writes it anew. */
async function writeImagePlan(root: string, plan: Plan): Promise<void> {
  const path = root + statePaths(plan.state).plan;
  mkdirSync(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(plan)}\n`, { mode: FILE_MODE });
}

function link(root: string, name: string): void {
  mkdirSync(root + WANTS, { recursive: true });
  const at = root + join(WANTS, name);
  try {
    if (readlinkSync(at) === join(UNIT_FOLDER, name)) return;
    unlinkSync(at);
  } catch {
    // It is not there.
  }
  symlinkSync(join(UNIT_FOLDER, name), at);
}
