import { listedPath } from './quoting.ts';
import type { Line } from './unit-file.ts';

/** A line that would make a unit safer, and why it is not there. */
export interface LeftOut {
  readonly line: string;
  readonly why: string;
}

/** What a unit is for, as far as its hardening depends on it. Paths are absolute. */
export interface Sandbox {
  /**
   * `own`: our own program, whose needs are known. `declared`: a command that says where it writes. `open`: one that does not, so
   * that only what no ordinary command misses can be taken from it.
   */
  readonly trust: 'own' | 'declared' | 'open';
  readonly root: boolean;
  /** Where it writes. */
  readonly writes: readonly string[];
  /** What else it must see: its program, its config, its folder. */
  readonly reads: readonly string[];
  /** Whether it speaks to the network; only our own program can do without. */
  readonly network: boolean;
  /** Whether its processes may see those of other users. */
  readonly seesProcesses: boolean;
  /** Asked for by the config. */
  readonly privateTmp: boolean;
  /** Why it may run programs of others under its own rights. */
  readonly runs?: string;
}

export interface Hardening {
  readonly lines: readonly Line[];
  readonly leftOut: readonly LeftOut[];
}

/** The lines that keep a unit from what it does not need, in the order of systemd.exec(5); what is left out has its reason. */
export function harden(sandbox: Sandbox): Hardening {
  const lines: Line[] = [];
  const leftOut: LeftOut[] = [];
  const set = (key: string, value = 'yes'): void => void lines.push([key, value]);
  /** Sets a line unless there is a reason against it. */
  const unless = (why: string | undefined, key: string, value = 'yes'): boolean => {
    if (why === undefined) set(key, value);
    else leftOut.push({ line: `${key}=${value}`, why });
    return why === undefined;
  };
  set('NoNewPrivileges');
  hardenFiles(sandbox, unless, set);
  hardenKernel(sandbox, unless);
  hardenSystem(sandbox, unless, set);
  for (const each of NEVER) leftOut.push(each);
  return { lines, leftOut };
}

type Unless = (why: string | undefined, key: string, value?: string) => boolean;
type Set = (key: string, value?: string) => void;

const UNDECLARED = 'its config has no `writes`, so that nobody knows what it writes to';
const ROOT = 'it runs as root, perhaps to change what this would keep from it';

/** What nobody can have here. */
const NEVER: readonly LeftOut[] = [
  {
    line: 'PrivateUsers=yes',
    why: 'it cannot be had inside of containers, and files of other users would be nobody’s',
  },
  {
    line: 'ProcSubset=pid',
    why: 'Vahti reads the boot id and the machine’s memory in /proc',
  },
  {
    line: 'RemoveIPC=yes',
    why: 'the end of one service would take the shared memory of the others of the same user',
  },
];

const HOMES = ['/home', '/root', '/run/user'];
const TEMPORARY = ['/tmp', '/var/tmp'];

/** The first of the paths that lies in one of the folders, or holds one. */
function firstIn(paths: readonly string[], folders: readonly string[]): string | undefined {
  return paths.find((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`)));
}

/** Without those that lie within others. */
function outermost(paths: readonly string[]): readonly string[] {
  const all = [...new Set(paths)].sort();
  return all.filter((path) => !all.some((other) => path !== other && path.startsWith(`${other}/`)));
}

function hardenFiles(sandbox: Sandbox, unless: Unless, set: Set): void {
  const { trust, root, writes, reads, runs } = sandbox;
  const paths = [...writes, ...reads];
  const open = trust === 'open';
  const whole = writes.includes('/') ? 'it writes to /' : undefined;
  const free = open ? UNDECLARED : (runs ?? whole);
  if (unless(free, 'ProtectSystem', 'strict')) {
    for (const path of outermost(writes)) set('ReadWritePaths', listedPath(path));
  } else if (whole === undefined) unless(root ? ROOT : undefined, 'ProtectSystem', 'full');
  const home = firstIn(paths, HOMES);
  if (free !== undefined) unless(free, 'ProtectHome', 'yes');
  else if (!unless(home && `it needs ${home}`, 'ProtectHome', 'yes')) set('ProtectHome', 'read-only');
  const temporary = firstIn(paths, TEMPORARY);
  const shared =
    free !== undefined && !sandbox.privateTmp ? 'others may look for its files in /tmp' : undefined;
  unless(temporary === undefined ? shared : `it needs ${temporary}`, 'PrivateTmp');
  const device = firstIn(paths, ['/dev']);
  unless(free ?? (device === undefined ? undefined : `it needs ${device}`), 'PrivateDevices');
  unless(free, 'PrivateMounts');
  unless(
    open ? UNDECLARED : sandbox.seesProcesses ? 'it looks at the processes of other users' : undefined,
    'ProtectProc',
    'invisible',
  );
  // Data are there to be read.
  unless('others read the files that it writes', 'UMask', '0077');
}

function hardenKernel({ trust, root, runs }: Sandbox, unless: Unless): void {
  const open = trust === 'open' || runs !== undefined;
  const why = open && root ? ROOT : undefined;
  unless(open ? (why ?? 'it would keep all devices from it') : undefined, 'ProtectClock');
  for (const key of [
    'ProtectHostname',
    'ProtectKernelLogs',
    'ProtectKernelModules',
    'ProtectKernelTunables',
    'ProtectControlGroups',
  ])
    unless(why, key);
}

function hardenSystem({ trust, root, network, runs }: Sandbox, unless: Unless, set: Set): void {
  const open = trust === 'open' ? UNDECLARED : runs;
  const own = trust === 'own' && runs === undefined;
  unless(
    root ? 'it runs as root, which may do nothing without them' : undefined,
    'CapabilityBoundingSet',
    '',
  );
  unless(open, 'LockPersonality');
  unless(
    own ? 'Node compiles while it runs: it aborts with this' : 'what compiles while it runs aborts with this',
    'MemoryDenyWriteExecute',
  );
  unless(open, 'RestrictNamespaces');
  unless(open, 'RestrictRealtime');
  unless(open, 'RestrictSUIDSGID');
  const families = network ? 'AF_UNIX AF_INET AF_INET6 AF_NETLINK' : 'AF_UNIX AF_NETLINK';
  unless(
    own ? undefined : 'which sockets a command opens is not declared',
    'RestrictAddressFamilies',
    families,
  );
  unless(network ? 'it speaks to others' : undefined, 'PrivateNetwork');
  unless(network ? 'it speaks to others' : undefined, 'IPAddressDeny', 'any');
  unless(open, 'SystemCallArchitectures', 'native');
  if (!unless(open, 'SystemCallFilter', '@system-service')) return;
  unless(own ? undefined : 'a command may want them', 'SystemCallFilter', '~@privileged @resources');
  set('SystemCallErrorNumber', 'EPERM');
}
