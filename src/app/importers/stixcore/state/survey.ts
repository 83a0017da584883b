import { existsSync } from 'node:fs';
import type { Diagnostic } from '../../../../core/diagnostics.ts';
import { disk } from '../../../../core/files.ts';
import { asError, err, ok, type Result } from '../../../../core/result.ts';
import type { PlannedJob } from '../../../../jobs/job.ts';
import type { PipelineTarget } from '../../../pipeline/control.ts';
import { readSettings } from '../settings.ts';
import { type ArchiveSurvey, surveyArchive } from './archive.ts';
import { type DailySurvey, surveyDaily } from './daily-history.ts';
import { type LogSurvey, surveyLogs } from './log-folder.ts';
import { type PublishedSurvey, surveyPublished } from './published.ts';
import { surveyUnpacked, type UnpackedSurvey } from './unpacked.ts';

/** What there is to take over, and for whom. Parts that the old installation, or the config here, does not have are left out. */
export interface StateSurvey {
  readonly inbox: string;
  /** Whether the inbox begins with what is new: what is open stays undone, as STIXCore leaves it. */
  readonly isOpenLeft: boolean;
  readonly logs: LogSurvey;
  readonly archive: ArchiveSurvey;
  readonly daily: DailySurvey | undefined;
  readonly published: { readonly job: PlannedJob; readonly survey: PublishedSurvey } | undefined;
  readonly unpacked: { readonly job: PlannedJob; readonly survey: UnpackedSurvey } | undefined;
  /** What cannot be taken over as a whole, and why. */
  readonly without: readonly string[];
  /** Rows and lines that are left, each with its place. */
  readonly problems: readonly string[];
}

export interface StateOptions {
  /** As of `importStixcore`. */
  readonly files: readonly string[];
  readonly cwd?: string;
  readonly pipeline: PipelineTarget;
  readonly jobs: readonly PlannedJob[];
  /** The list of archives that were unpacked. */
  readonly processedFiles?: string;
}

/** What is wrong with the config of STIXCore, or a sentence. */
export type SurveyTrouble = readonly Diagnostic[] | string;

/** Reads all that STIXCore keeps about what it has done. Nothing is written. */
export async function surveyState(options: StateOptions): Promise<Result<StateSurvey, SurveyTrouble>> {
  const { files, cwd, pipeline, jobs, processedFiles } = options;
  const diagnostics: Diagnostic[] = [];
  const settings = readSettings(files, cwd, diagnostics);
  const folder = (key: string): string | undefined => settings.path('Pipeline', key);
  const [logDir, history] = [folder('log_dir'), folder('history_db_file') ?? home('processed.sqlite')];
  const publishedDb = settings.path('Publish', 'db_file') ?? home('published.sqlite');
  const telemetry = settings.path('Paths', 'tm_archive');
  const kernels = settings.path('Paths', 'spice_kernels');
  const last = settings.text('Pipeline', 'last_processed') ?? '';
  if (diagnostics.length > 0) return err(diagnostics);
  if (logDir === undefined)
    return err('cannot import: log_dir of [Pipeline] is not set, and its files say what is done');
  const inbox = pipeline.plan.inboxes.find(({ root }) => root === telemetry);
  if (inbox === undefined)
    return err(
      `cannot import: no inbox of ${pipeline.name} is tm_archive of [Paths] (there are ${pipeline.plan.inboxes.map(({ root }) => root).join(', ')})`,
    );
  const without: string[] = [];
  try {
    const logs = surveyLogs(logDir, inbox.root, last);
    const { products, steps } = pipeline.plan;
    const archive = surveyArchive(products, steps, logs.madeOf);
    const daily = optional(
      existsSync(history) ? surveyDaily(history, products) : err(`${history} is not there`),
      without,
    );
    const published = publishing(jobs, publishedDb, without);
    const unpacked = await unpacking(jobs, processedFiles, kernels, without);
    const problems = [logs, archive, daily, published?.survey, unpacked?.survey].flatMap(
      (part) => part?.problems ?? [],
    );
    const isOpenLeft = inbox.start === 'new';
    return ok({
      inbox: inbox.name,
      isOpenLeft,
      logs,
      archive,
      daily,
      published,
      unpacked,
      without,
      problems,
    });
  } catch (thrown) {
    return err(`cannot import: ${asError(thrown).message}`);
  }
}

function home(name: string): string {
  return `${process.env['HOME'] ?? ''}/${name}`;
}

function optional<T>(found: Result<T, string>, without: string[]): T | undefined {
  if (found.ok) return found.value;
  without.push(found.error);
  return undefined;
}

function publishing(jobs: readonly PlannedJob[], db: string, without: string[]): StateSurvey['published'] {
  const job = jobs.find(({ verb }) => verb === 'publish');
  const root = job?.options['root'];
  if (job === undefined || typeof root !== 'string') {
    without.push(`${db}: the config has no job that publishes`);
    return undefined;
  }
  const survey = optional(existsSync(db) ? surveyPublished(db, root) : err(`${db} is not there`), without);
  return survey === undefined ? undefined : { job, survey };
}

async function unpacking(
  jobs: readonly PlannedJob[],
  list: string | undefined,
  kernels: string | undefined,
  without: string[],
): Promise<StateSurvey['unpacked']> {
  if (list === undefined) return undefined;
  const job = jobs.find(({ verb }) => verb === 'unpack');
  const root = job?.options['root'];
  if (job === undefined || typeof root !== 'string' || kernels === undefined) {
    without.push(
      `${list}: ${kernels === undefined ? 'spice_kernels of [Paths] is not set' : 'the config has no job that unpacks'}`,
    );
    return undefined;
  }
  const survey = optional(await surveyUnpacked(list, root, kernels, disk), without);
  return survey === undefined ? undefined : { job, survey };
}
