/** One run of the verb `archive` in a process of its own: `node archive-run.ts FOLDER LEDGER-FOLDER`. */
import { join } from 'node:path';
import { systemClock } from '../../../src/core/clock.ts';
import { openLedger } from '../../../src/jobs/ledger/sqlite.ts';
import { archiveKind } from '../../../src/jobs/verbs/archive/archive.ts';

const [root = '', state = ''] = process.argv.slice(2);
const ledger = openLedger(join(state, 'ledger.db'), systemClock);
if (!ledger.ok) throw ledger.error;
const outcome = await archiveKind.open({ root }).run({
  job: 'archive',
  run: 'bench',
  folder: root,
  zone: 'UTC',
  env: {},
  clock: systemClock,
  ledger: ledger.value,
  dryRun: false,
  say: () => {},
  progress: () => {},
  signal: new AbortController().signal,
});
ledger.value.close();
process.stderr.write(`${outcome.summary}\n`);
if (outcome.kind !== 'done') process.exitCode = 1;
