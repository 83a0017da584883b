import { didYouMean } from '../../../core/suggest.ts';
import { looksSecret } from '../secrets.ts';
import type { Settings } from './settings.ts';

const FLARES =
  'it is for flare lists, and the daily pipeline makes none: its steps for them are commented out';

/** Every option that STIXCore reads (stixcore/config, 01a7086): what became of it, or undefined where it stands in the config now. */
const KEYS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  Paths: {
    tm_archive: undefined,
    fits_archive: undefined,
    spice_kernels: undefined,
    soop_files: undefined,
    fido_search_url: FLARES,
  },
  Processing: { flarelist_sc_min_count: FLARES, flarelist_sdc_min_count: FLARES },
  Logging: { stop_on_error: undefined },
  IDLBridge: { enabled: undefined, gsw_path: undefined, batchsize: undefined },
  Pipeline: {
    log_dir:
      'the files that are there stay as they are, and `vahti import stixcore-state` reads them; logs of files go to another folder from now on',
    log_level: 'all that a step prints is kept, 1 MiB of each run',
    status_server_port: undefined,
    start_with_unprocessed: undefined,
    last_processed:
      'the ledger knows each file that is done; `vahti import stixcore-state` writes the old ones down there',
    sync_tm_at_start:
      'a job fetches telemetry, whether the pipeline starts or not: `vahti import crontab` makes it of the cron line',
    parallel_batchsize_l0: 'one day is one run at L0, so that its file is written by no other',
    parallel_batchsize_l1:
      'one day is one run at L1, so that one that waits for its kernel holds up no other',
    parallel_batchsize_l2: undefined,
    error_mail_send: undefined,
    error_mail_sender: undefined,
    error_mail_receivers: undefined,
    error_mail_smpt_host: undefined,
    error_mail_smpt_port: undefined,
    history_db_file: '`vahti import stixcore-state` takes over what is in it',
  },
  Publish: {
    db_file: '`vahti import stixcore-state` takes over what is in it',
    include_levels: undefined,
    include_products: undefined,
    include_versions: undefined,
    waiting_period: undefined,
    ll_waiting_period: undefined,
    target_dir: undefined,
    target_host: undefined,
    same_esa_name_dir: undefined,
    fits_dir: undefined,
    rid_lut_file:
      'the requests are looked up by a command of yours: `hooks` of the job, on a copy of each file',
    rid_lut_file_update_url: 'fetch the table by a job of its own, not once for each telemetry file',
    batch_size: undefined,
    supplement_report: 'supplements stand in the report of each run, and in the history',
    log_dir: 'what the job prints is kept in the time line: vahti jobs output publish',
    report_mail_send: undefined,
    report_mail_receivers: undefined,
  },
  SOOP: {
    endpoint:
      'fetch the plans by a job of its own (curl); a failed answer is then no file, and is tried again',
    user: 'it belongs to that job',
    password: 'it belongs to that job, as `$SOOP_PASSWORD` in its `env`',
    soop_files_download: 'it belongs to that job',
  },
  ECC: { ecc_path: undefined },
};

/** What is said of the options that are set and that no key of the config came of; values are never quoted. */
export function keyNotes({ sections }: Pick<Settings, 'sections'>): string[] {
  const notes: string[] = [];
  for (const [section, options] of sections) {
    const known = KEYS[section];
    if (known === undefined && section !== 'DEFAULT')
      notes.push(
        `not taken over: [${section}]: STIXCore reads no such section${didYouMean(section, Object.keys(KEYS))}`,
      );
    for (const [key, { value }] of options) {
      if (known === undefined || value === '') continue;
      const reason = known[key];
      if (reason !== undefined) notes.push(`not taken over: ${key} of [${section}]: ${reason}`);
      else if (!Object.hasOwn(known, key))
        notes.push(
          `not taken over: ${key} of [${section}]: STIXCore reads no such option${didYouMean(key, Object.keys(known))}`,
        );
      if (looksSecret(key, value))
        notes.push(
          `look: ${key} of [${section}] is a secret that lies in that file; it is not repeated here`,
        );
    }
  }
  return notes;
}
