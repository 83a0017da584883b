import type { Diagnostic } from '../../../core/diagnostics.ts';
import { type Drafted, drafted } from '../draft.ts';
import { keyNotes } from './keys.ts';
import { publishJob } from './publish.ts';
import { type Folders, foldersOf, pipelineService } from './service.ts';
import { readSettings, type Settings } from './settings.ts';

export interface StixcoreOptions {
  /** The configs, of which a later one wins: that of the package, then `~/stixcore.ini`. */
  readonly files: readonly string[];
  /** Where STIXCore is started: what its relative paths are relative to. */
  readonly cwd?: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
}

/** Makes a draft of STIXCore's pipelines and its publishing. Nothing is started, and no file of STIXCore is touched. */
export function importStixcore({ files, cwd, folder }: StixcoreOptions): Drafted {
  const diagnostics: Diagnostic[] = [];
  const settings = readSettings(files, cwd, diagnostics);
  if (diagnostics.length > 0) return { draft: undefined, diagnostics };
  const folders = foldersOf(settings);
  checkFolders(settings, folders);
  const { job, notify, mail, notes } = publishJob(settings, folders, folder);
  const service = pipelineService(settings, folders, folder, mail);
  const draft = {
    notes: [...HEAD, ...notes, ...keyNotes(settings)],
    notify,
    services: [service],
    jobs: job === undefined ? [] : [job],
  };
  return drafted(draft, diagnostics);
}

const HEAD: readonly string[] = [
  'In the place of stix-pipeline.service, the daily pipeline, stix-publish and stix-pipeline-monitor. Stop those first, then: vahti import stixcore-state.',
  'Lines of the crontab (telemetry, kernels, SOOPs, the config’s repository, the mirror): vahti import crontab.',
];

/** What can only be a mistake where a pipeline is made of it. */
function checkFolders(settings: Settings, { tm, fits, spice, soop }: Folders): void {
  if (tm === undefined || fits === undefined) {
    for (const [key, value] of [
      ['tm_archive', tm],
      ['fits_archive', fits],
    ] as const)
      if (value === undefined)
        settings.complain('Paths', key, 'it is not set, and no pipeline can do without it');
    return;
  }
  if (isIn(tm, fits) || isIn(fits, tm))
    settings.complain(
      'Paths',
      'fits_archive',
      `it and tm_archive lie in each other, so that products would come in as telemetry`,
    );
  for (const [key, path] of [
    ['spice_kernels', spice],
    ['soop_files', soop],
  ] as const)
    if (path !== undefined && (isIn(path, fits) || isIn(fits, path)))
      settings.complain(
        'Paths',
        key,
        'it and fits_archive lie in each other, so that products would come in as its files',
      );
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
