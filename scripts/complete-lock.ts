/**
 * Writes the packages for other platforms into package-lock.json that npm left out.
 *
 * Where a registry lacks the binary of some platform, `npm install` drops it from the lock file, and `npm ci` then
 * refuses that file ("Missing: … from lock file"), even though the package would never be installed here. Run it
 * after an `npm install` that changed the lock file:
 *
 *     node scripts/complete-lock.ts            writes what is missing
 *     node scripts/complete-lock.ts --check    only says it; exit code 1 when something is missing
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

const FILE = 'package-lock.json';
/** The values of `os`, `cpu` and `libc` in a package.json, as they occur in the names of such packages. */
const OS = /(?:^|[-/])(android|darwin|freebsd|linux|openharmony|win32)(?=-)/;
const CPU = /-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?=-|$)/;
const LIBC = /-(?:(musl)|gnu)(?:eabihf)?$/;

/** The entries that `lock` lacks, by their key. Throws where a name does not tell its platform. */
function findMissing({ packages }: Lock): Readonly<Record<string, Entry>> {
  const missing: Record<string, Entry> = {};
  for (const [path, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const key = `node_modules/${name}`;
      if (packages[key] !== undefined || packages[`${path}/${key}`] !== undefined) continue;
      const [os, cpu] = [OS.exec(name)?.[1], CPU.exec(name)?.[1]];
      if (os === undefined || cpu === undefined)
        throw new Error(`cannot tell the platform of ${name}, wanted by ${path}`);
      const libc = LIBC.exec(name);
      missing[key] = {
        version,
        cpu: [cpu],
        ...(dev === true ? { dev } : {}),
        ...(libc === null ? {} : { libc: [libc[1] ?? 'glibc'] }),
        optional: true,
        os: [os],
      };
    }
  }
  return missing;
}

const lock = JSON.parse(readFileSync(FILE, 'utf8')) as Lock;
const missing = findMissing(lock);
const names = Object.keys(missing);
if (names.length === 0) console.log(`${FILE} is complete`);
else if (process.argv.includes('--check')) {
  console.error(`${FILE} lacks ${names.join(', ')}: run "node scripts/complete-lock.ts"`);
  process.exitCode = 1;
} else {
  const [root, ...entries] = Object.entries({ ...lock.packages, ...missing });
  const sorted = entries.toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  const packages = Object.fromEntries(root === undefined ? sorted : [root, ...sorted]);
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages }, undefined, 2)}\n`);
  console.log(`wrote ${names.length} packages into ${FILE}`);
}
