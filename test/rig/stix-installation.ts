import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { type StateSurvey, surveyState } from '../../src/app/importers/stixcore/state/survey.ts';
import { takeOver, type TakenOver } from '../../src/app/importers/stixcore/state/take-over.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { PlannedJob } from '../../src/jobs/job.ts';
import { type PipelineInput, type PipelineRig, pipelineRig, planOf } from './pipeline.ts';
import { type StixExample, stixExample } from './stix-example.ts';

/** As stixcore/io/ProcessingHistoryStorage.py and stixcore/processing/publish.py make them. */
const DAILY = `CREATE TABLE processed_fits_products (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, level TEXT NOT NULL,
  type TEXT NOT NULL, version INTEGER NOT NULL, fits_in_path TEXT NOT NULL, fits_out_path TEXT NOT NULL, p_date TEXT NOT NULL);
  CREATE INDEX processed_fits_products_idx ON processed_fits_products (name, level, type, version, fits_in_path); PRAGMA user_version = 1`;
const PUBLISHED = `CREATE TABLE published (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, path TEXT NOT NULL,
  version INTEGER NOT NULL, p_date FLOAT NOT NULL, m_date FLOAT NOT NULL, esaname TEXT NOT NULL, modified_esaname TEXT, result INTEGER);
  CREATE INDEX esaname ON published (esaname); CREATE INDEX p_date ON published (p_date)`;

export const HK = 'L1/2026/09/01/HK/solo_L1_stix-hk-maxi_20260901_V02';
export const LIGHT = 'L1/2026/09/01/QL/solo_L1_stix-ql-lightcurve_20260901_V02';

export const ONLY = '3-25-2,21-6-30';

export interface OldInstallation {
  readonly folder: string;
  readonly example: StixExample;
  readonly config: PipelineInput;
  readonly telemetry: readonly string[];
  readonly daily: DatabaseSync;
  readonly published: DatabaseSync;
  readonly work: () => Promise<void>;
  readonly ledger: PipelineRig['ledger'];
  readonly trace: () => Promise<readonly string[]>;
  read(more?: { readonly processedFiles?: string; readonly lastProcessed?: string }): Promise<StateSurvey>;
  apply(survey: StateSurvey, errorsAgain?: boolean): Promise<TakenOver>;
  log(name: string, ...endings: readonly string[]): void;
}

/** An installation that has made the products of one telemetry file: its folders, logs and databases, and no ledger of ours. */
export async function oldInstallation(
  t: TestContext,
  isMade = true,
  start = 'unprocessed',
): Promise<OldInstallation> {
  const rig = pipelineRig(t);
  const { folder } = rig;
  const example = stixExample(folder);
  const config = configOf(example, start);
  const work = (): Promise<void> => rig.work(config);
  for (const path of ['logs', 'home']) mkdirSync(join(folder, path));
  mkdirSync(join(folder, 'spice/kernels/k1'));
  writeFileSync(
    join(folder, 'spice/kernels/k1/clock.json'),
    '{"flown":"2026-10-01","predicted":"2027-01-01","offset":0.25}',
  );
  const telemetry = example
    .generate('tm', 'tm/processing', '--hours', '2', '--only', ONLY)
    .map((path) => basename(path));
  if (isMade) {
    await work();
    for (const path of ['state', 'products/PKT']) rmSync(join(folder, path), { recursive: true });
    mkdirSync(join(folder, 'state'));
  } else {
    mkdirSync(join(folder, 'products', HK, '..'), { recursive: true });
    writeFileSync(join(folder, `products/${HK}U.json`), '{}');
  }
  const products = readdirSync(join(folder, 'products'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  writeFileSync(join(folder, 'logs', `${telemetry[0]}.out`), products.map((path) => `${path}\n`).join(''));
  writeFileSync(join(folder, 'logs', `${telemetry[0]}.log`), 'done\n');
  const ini = join(folder, 'stixcore.ini');
  writeFileSync(
    ini,
    `[DEFAULT]\nroot = ${folder}\n[Paths]\ntm_archive = %(root)s/tm/processing/\nfits_archive = %(root)s/products\nspice_kernels = %(root)s/home\n` +
      '[Pipeline]\nlog_dir = %(root)s/logs\nhistory_db_file = %(root)s/processed.sqlite\n[Publish]\ndb_file = %(root)s/published.sqlite\n',
  );
  const [daily, published] = [
    database(t, join(folder, 'processed.sqlite'), DAILY),
    database(t, join(folder, 'published.sqlite'), PUBLISHED),
  ];
  const pipeline = {
    name: 'p',
    plan: planOf(folder, { ...config }),
    folder: join(folder, 'state'),
    socket: join(folder, 'none.sock'),
    state: join(folder, 'vahti'),
  };
  const jobs = [
    { name: 'publish', verb: 'publish', options: { root: join(folder, 'products') } },
    {
      name: 'kernels',
      verb: 'unpack',
      options: { root: join(folder, 'spice/zips'), to: join(folder, 'spice/kernels') },
    },
  ] as unknown as readonly PlannedJob[];
  return {
    folder,
    example,
    config,
    telemetry,
    daily,
    published,
    work,
    ledger: rig.ledger,
    trace: () =>
      rig.ledger(async (ledger) => {
        const tasks = await ledger.tasks({ limit: 1000 });
        return tasks
          .filter(({ stepHash }) => stepHash !== 'adopted')
          .map(({ step, state }) => `${step} ${state}`);
      }),
    async read({ lastProcessed, ...more } = {}) {
      if (lastProcessed !== undefined)
        writeFileSync(
          ini,
          readFileSync(ini, 'utf8').replace('[Publish]', `last_processed = ${lastProcessed}\n[Publish]`),
        );
      const survey = await surveyState({ files: [ini], pipeline, jobs, ...more });
      assert.ok(survey.ok, JSON.stringify(survey));
      return survey.value;
    },
    async apply(survey, errorsAgain = false) {
      const done = await takeOver(survey, { pipeline, errorsAgain, clock: systemClock, progress: () => {} });
      assert.ok(done.ok, JSON.stringify(done));
      return done.value;
    },
    log(name, ...endings) {
      for (const ending of endings) writeFileSync(join(folder, 'logs', `${name}${ending}`), '');
    },
  };
}

/** The pipeline of the example. */
function configOf(example: StixExample, start: string): PipelineInput {
  const at = ['services', 'stix', 'pipeline'];
  example.config.setIn([...at, 'inboxes', 'tm', 'settle'], '10ms');
  example.config.setIn([...at, 'inboxes', 'tm', 'start'], start);
  const { services } = example.config.toJS() as { services: { stix: { pipeline: object } } };
  return { ...services.stix.pipeline, status: undefined, inbox: undefined, logs: undefined };
}

function database(t: TestContext, path: string, schema: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(schema);
  t.after(() => db.close());
  return db;
}

/** Checksums and times of all that is STIXCore's. */
export function untouched(folder: string): Readonly<Record<string, string>> {
  const own = [
    'logs',
    'tm',
    'products',
    'processed.sqlite',
    'published.sqlite',
    'stixcore.ini',
    'spice',
    'home',
  ];
  const paths = own.flatMap((name) => {
    const path = join(folder, name);
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  });
  return Object.fromEntries(
    paths.map((path) => [
      path,
      `${createHash('sha256').update(readFileSync(path)).digest('hex')} ${statSync(path).mtimeMs}`,
    ]),
  );
}
