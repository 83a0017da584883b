import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import { ROOT } from '../program.ts';
import { benchArchive } from './archive-bench.ts';
import { benchSync } from './sync-bench.ts';

const USAGE = `node test/bench/lifecycle/run.ts [OPTIONS]

  --size MB       what is archived, in --files parts (500, in 8)
  --files N
  --sync-size MB  what is sent, in --sync-files parts (160, in 10000)
  --sync-files N
  --rounds N      rounds of all, in alternating order (3)
  --only NAMES    archive, sync
  --doc FILE      where the page goes (docs/bench-lifecycle.md for whole runs; "none": nowhere)
  --temp FOLDER   where to work (a new one in the system's; deleted unless --keep)`;

/** The bench: prints its tables, and writes its page. Resolves with the exit code. */
export async function runBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '500' },
      files: { type: 'string', default: '8' },
      'sync-size': { type: 'string', default: '160' },
      'sync-files': { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: 'archive,sync' },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [size, files, syncSize, syncFiles, rounds] = [
    values.size,
    values.files,
    values['sync-size'],
    values['sync-files'],
    values.rounds,
  ].map(Number) as [number, number, number, number, number];
  const wrong = [size, files, syncSize, syncFiles, rounds].some(
    (value) => !Number.isSafeInteger(value) || value < 1,
  );
  if (values.help || wrong) {
    console.error(`${wrong ? 'cannot use a count that is not a whole number\n\n' : ''}${USAGE}`);
    return 2;
  }
  const folder = benchFolder({ temp: values.temp, keep: values.keep });
  const only = values.only.split(',');
  const machine = machineFacts(folder);
  const load = watchLoad();
  const archive = only.includes('archive')
    ? benchArchive({ folder, megabytes: size, files, rounds })
    : 'Not run.\n';
  const sync = only.includes('sync')
    ? await benchSync({ folder, megabytes: syncSize, files: syncFiles, rounds })
    : 'Not run.\n';
  const page = pageOf({
    command: `node test/bench/lifecycle/run.ts ${args.join(' ')}`.trim(),
    facts: [...machine, load()],
    rounds,
    archive,
    sync,
  });
  console.log(`${archive}\n${sync}`);
  const doc = values.doc ?? (only.length === 2 ? join(ROOT, 'docs/bench-lifecycle.md') : 'none');
  if (doc !== 'none') writeFileSync(doc, page);
  return 0;
}

interface Page {
  readonly command: string;
  readonly facts: readonly string[];
  readonly rounds: number;
  readonly archive: string;
  readonly sync: string;
}

function pageOf({ command, facts, rounds, archive, sync }: Page): string {
  return `# The life of files, side by side

Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; run it again and this page is written anew.

${facts.map((fact) => `- ${fact}\n`).join('')}
Medians of ${rounds} rounds, between which the order turns around. **CPU** is user and kernel time of all processes together: the figure to compare, since
wall time is whatever other work on the machine leaves over (its cores are shared; see the load). The files are closed parts of a collector, of made-up posts
whose identifiers do not compress. Our verbs run as they do in a job, a process each, with their ledger; the start of Node is in the figures.

## archive

Every file is compressed, read back and hashed, and only then removed, on all cores. Ours also makes archive and name durable (fsync) before it removes the file, compares
the hash with the collector's manifest, and writes all of it into the ledger; the others print a hash, and would remove a file that is still written to.

${archive}
## sync

Over ssh to a real sshd on this machine, so both ends share its cores. "There" is what sshd and all that it started used, ssh's own work included.
rsync believes size and time; with \`-c\` it reads both ends, but does not say what it found equal. Ours hashes every file here before it is sent and
there after that, syncs it to the disk there, and writes down what is proved. "Again" is the run of a day on which nothing is new.

${sync}`;
}
