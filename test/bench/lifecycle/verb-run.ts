/** One run of a verb in a process of its own, on a ledger: `node verb-run.ts VERB STATE OPTIONS`, the options as JSON. */
import { join } from 'node:path';
import * as v from 'valibot';
import { systemClock } from '../../../src/core/clock.ts';
import { NO_PRODUCTS } from '../../rig/lifecycle.ts';
import { openLedger } from '../../../src/jobs/ledger/sqlite.ts';
import { VERB_KINDS } from '../../../src/jobs/verbs/registry.ts';

const [name = '', state = '', written = '{}'] = process.argv.slice(2);
const kind = VERB_KINDS.find(({ verb }) => verb === name);
if (kind === undefined) throw new Error(`no verb ${name}`);
const ledger = openLedger(join(state, 'ledger.db'), systemClock);
if (!ledger.ok) throw ledger.error;
const outcome = await kind.open(v.parse(kind.options, JSON.parse(written))).run({
  job: name,
  run: 'bench',
  folder: state,
  state,
  products: NO_PRODUCTS,
  zone: 'UTC',
  env: { PATH: process.env['PATH'] ?? '', HOME: state },
  clock: systemClock,
  ledger: ledger.value,
  dryRun: false,
  say: () => {},
  progress: () => {},
  signal: new AbortController().signal,
});
ledger.value.close();
process.stderr.write(`  ${outcome.summary}\n`);
if (outcome.kind !== 'done') process.exitCode = 1;
