import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { isWritable } from '../../deploy/quoting.ts';
import type { Clock } from '../../core/clock.ts';
import { lookupUser } from '../../core/processes.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { ControlApi } from '../control-api.ts';
import { statePaths } from '../state.ts';
import { DAEMON_UNIT } from '../unit-names.ts';
import type { Before } from './changes.ts';
import { hasSystemd, readText, runTool } from './machine.ts';
import { type InstallFile, type Rendered } from './render.ts';
import { configOfMark } from '../../deploy/unit-file.ts';
import { type InstallTarget, OWN_USER } from './target.ts';

/** Everything that keeps an install from its work, all at once; whole sentences. */
export async function installProblems(
  target: InstallTarget,
  rendered: Rendered,
  before: Before,
  clock: Clock,
): Promise<readonly string[]> {
  const { root } = before;
  const written = [...fileProblems(rendered.files, root, target.plan.file), ...pathProblems(rendered)];
  if (root !== '') return written;
  return [
    ...machineProblems(),
    ...written,
    ...nameProblems(rendered),
    ...commandProblems(target, rendered),
    ...verbProblems(target),
    ...(await userProblems(target, rendered, clock)),
    ...(await daemonProblems(target, before)),
    ...(await portProblems(target, before)),
  ];
}

const TOOLS = ['systemctl', 'systemd-sysusers', 'systemd-tmpfiles', 'systemd-notify'];
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function machineProblems(): string[] {
  if (!hasSystemd()) return ['cannot install: systemd does not run here; vahti up needs none'];
  const missing = TOOLS.filter((tool) => !isOnPath(tool, SYSTEM_PATH));
  return [
    ...(process.getuid?.() === 0 ? [] : ['cannot install: only root can; write sudo vahti install']),
    ...missing.map((tool) => `cannot install: there is no program ${tool}`),
  ];
}

/** Files of somebody else's, and units of another config. */
function fileProblems(files: readonly InstallFile[], root: string, config: string): string[] {
  return files.flatMap(({ path }) => {
    const text = readText(root + path);
    if (text === undefined && !existsSync(root + path)) return [];
    const owner = text === undefined ? undefined : configOfMark(text);
    if (owner === undefined) return [`cannot write ${path}: it is there, and not of vahti install`];
    if (owner === config) return [];
    return [
      `cannot write ${path}: it was installed from ${owner}; vahti uninstall -c ${owner} takes it away`,
    ];
  });
}

function pathProblems({ units, files }: Rendered): string[] {
  const bad = files.filter(({ text }) =>
    text.split('\n').some((line) => !isWritable(line.replaceAll('\t', ''))),
  );
  return bad.map(
    ({ path }) =>
      `cannot write ${path}: something in it is no text for a unit: a control character in a path, or a code point that is no character (${units.length} units)`,
  );
}

const OTHER_FOLDERS = [
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** A unit of that name that a package brought would be hidden by ours. */
function nameProblems({ units }: Rendered): string[] {
  return units.flatMap(({ name }) => {
    const there = OTHER_FOLDERS.map((folder) => join(folder, name)).find((path) => {
      const text = readText(path);
      return text !== undefined && configOfMark(text) === undefined;
    });
    if (there === undefined || name === DAEMON_UNIT) return [];
    return [`cannot make a unit ${name}: there is one in ${dirname(there)}; unit-name gives another name`];
  });
}

/** Programs that are found here, but are not in a unit, whose search path is systemd's. */
function commandProblems({ plan, program }: InstallTarget, { units }: Rendered): string[] {
  const path = /^Environment=PATH=(.*)$/m.exec(units[0]?.text ?? '')?.[1] ?? SYSTEM_PATH;
  const all = [
    ...plan.services.map(({ name, argv, env }) => ({ name, argv, env })),
    ...(plan.jobs ?? []).map(({ name, argv, env }) => ({ name: `the job ${name}`, argv, env })),
  ];
  return all.flatMap(({ name, argv: [command = ''], env }) => {
    if (command === '' || command === 'vahti' || command.includes('/') || env['PATH'] !== undefined)
      return [];
    const [own = ''] = program;
    if (
      isOnPath(command, `${path}${delimiter}${dirname(own)}`) ||
      !isOnPath(command, process.env['PATH'] ?? '')
    )
      return [];
    const where =
      (process.env['PATH'] ?? '').split(delimiter).find((folder) => isOnPath(command, folder)) ?? '';
    return [
      `cannot find "${command}" of ${name} in a unit: write ${join(where, command)}, or set PATH in its env`,
    ];
  });
}

/** A verb writes the ledger, which is for one user. */
function verbProblems({ plan, user }: InstallTarget): string[] {
  const others = (plan.jobs ?? []).filter((job) => job.verb !== 'run' && (job.user ?? user) !== user);
  return others.map(
    ({ name, verb, user: own = '' }) =>
      `cannot run the job ${name} as ${own}: ${verb} writes the ledger, which is for ${user}; leave its user out`,
  );
}

function isOnPath(command: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return statSync(join(folder, command)).isFile();
    } catch {
      return false;
    }
  });
}

const NOBODY = { uid: 65_534, gid: 65_534 };
const TEST_MS = 10_000;

/** What a user cannot read, enter or write, though a unit of it needs it. */
async function userProblems(target: InstallTarget, rendered: Rendered, clock: Clock): Promise<string[]> {
  const { plan, user, program } = target;
  const problems: string[] = [];
  const found = await lookupUser(user);
  if (found === undefined && user !== OWN_USER) return [`cannot install for "${user}": no such user here`];
  const names = new Set([user, ...plan.services.flatMap((each) => each.user ?? [])]);
  if (process.getuid?.() !== 0) return problems;
  for (const name of names) {
    const known = await lookupUser(name);
    const reads = [...program, ...(name === user ? [plan.file] : [])];
    const own = plan.services.filter((each) => (each.user ?? user) === name && each.unit === undefined);
    const lost = own.find(({ cwd, collect }) => cwd === plan.state && name !== user && collect === undefined);
    if (lost !== undefined)
      problems.push(`cannot run ${lost.name} as ${name} in ${lost.cwd}, which is for ${user}: give it a cwd`);
    const enters = own.map(({ cwd }) => cwd).filter((cwd) => existsSync(cwd) && cwd !== plan.state);
    const writes = rendered.folders.filter((each) => each.user === name && existsSync(each.path));
    const asks = [
      ...reads.map((path) => ({ path, how: '-r', what: 'read' })),
      ...enters.map((path) => ({ path, how: '-x', what: 'enter' })),
      ...writes.map(({ path }) => ({ path, how: '-w', what: 'write to' })),
    ];
    for (const { path, how, what } of asks) {
      if (await may(known ?? NOBODY, known?.name, how, path, clock)) continue;
      const make = known === undefined ? `useradd --system ${name}, then ` : '';
      const advice = what === 'write to' ? `; ${make}chown -R ${name} ${path}` : '';
      problems.push(`cannot install for ${name}: it may not ${what} ${path}${advice}`);
    }
  }
  return [...new Set(problems)];
}

/** Asks the kernel, as that user: test(1). */
async function may(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  name: string | undefined,
  how: string,
  path: string,
  clock: Clock,
): Promise<boolean> {
  const groups = name === undefined ? '--clear-groups' : '--init-groups';
  const as = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, groups, '--'];
  return (await runTool([...as, 'test', how, path], clock, TEST_MS)).ok;
}

/** A daemon that somebody started by hand has the state folder. */
async function daemonProblems({ plan }: InstallTarget, { facts }: Before): Promise<string[]> {
  const answer = await createRpcClient<ControlApi>(statePaths(plan.state).control).call('status', {});
  if (!answer.ok) return [];
  const { pid } = answer.value;
  if (facts.get(DAEMON_UNIT)?.pid === pid) return [];
  return [
    `cannot install: a vahti up that is not a unit runs on ${plan.state} (pid ${pid}); vahti down ends it`,
  ];
}

async function portProblems({ plan }: InstallTarget, { facts }: Before): Promise<string[]> {
  const { beats } = plan;
  // A daemon of ours that runs has it itself.
  if (beats === undefined || facts.get(DAEMON_UNIT)?.pid != null) return [];
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: beats.port, host: beats.host }, () => server.close(() => resolve(true)));
  });
  return free ? [] : [`cannot listen on ${beats.host}:${beats.port} for beats: somebody else does`];
}
