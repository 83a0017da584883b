import type { Keys, ServiceDraft } from '../draft.ts';
import { configPath } from '../paths.ts';
import { PORTS, type Settings } from './settings.ts';

/** The command that stands for STIXCore's own classes; docs/import-stixcore.md says what it gets. */
const STEP = 'stix-step';
/** What products are called at each level, as STIXCore writes them; captures are what keys are made of. */
const DAY_OR_REQUEST = String.raw`(?<range>[\d-]+)_V(?<v>\d+)(?<request>_[\d-]+)?`;

/** The folders of the old installation; undefined where one is not set. */
export interface Folders {
  readonly tm: string | undefined;
  readonly fits: string | undefined;
  readonly spice: string | undefined;
  readonly soop: string | undefined;
}

/** The channels of STIXCore's two kinds of mail; undefined where one is off. */
export interface MailChannels {
  readonly errors: string | undefined;
  /** Of publishing, and of what its monitor finds. */
  readonly report: string | undefined;
}

export function foldersOf(settings: Settings): Folders {
  return {
    tm: settings.path('Paths', 'tm_archive'),
    fits: settings.path('Paths', 'fits_archive'),
    spice: settings.path('Paths', 'spice_kernels'),
    soop: settings.path('Paths', 'soop_files'),
  };
}

/** The event pipeline and the daily pipeline as one service. */
export function pipelineService(
  settings: Settings,
  folders: Folders,
  folder: string,
  { errors, report }: MailChannels,
): ServiceDraft {
  const at = (path: string): string => configPath(path, folder, folder);
  const { tm = 'tm', fits = 'products', spice, soop } = folders;
  const isUnprocessed = settings.flag('Pipeline', 'start_with_unprocessed', true);
  // Where a service names nobody, every channel hears of it: also those who only asked for reports.
  const isApart = report !== undefined && report !== errors;
  const told = errors === undefined ? [] : [errors];
  const ofMonitor: Keys = isApart ? { notify: report } : {};
  const reference = (root: string, match: string): Keys => ({ root: at(root), match, reference: true });
  const inboxes: Record<string, Keys> = {
    tm: { root: at(tm), match: '**/*PktTmRaw*.xml', ...(isUnprocessed ? {} : { start: 'new' }) },
    ...(spice === undefined ? {} : { spice: reference(spice, '**/*') }),
    ...(soop === undefined ? {} : { soop: reference(soop, '*SSTX_observation_timeline_export_*.json') }),
  };
  const pipeline: Keys = {
    inboxes,
    products: at(fits),
    logs: 'logs/tm',
    status: `127.0.0.1:${settings.whole('Pipeline', 'status_server_port', 12_345, PORTS)}`,
    version: 2,
    ...(isApart ? { failures: { notify: told } } : {}),
    'on-error': settings.flag('Logging', 'stop_on_error', false) ? 'stop' : 'continue',
    steps: stepsOf(settings),
  };
  return {
    name: 'stix',
    keys: {
      pipeline,
      // That it crashes is told to those who hear of reports where nobody hears of errors.
      ...(isApart && errors !== undefined ? { notify: told } : {}),
      watch: {
        backlog: { max: 500, growing: '24h', ...ofMonitor },
        progress: { within: '30m', ...ofMonitor },
        fresh: { files: `${at(tm)}/**/*PktTmRaw*.xml`, within: '26h', ...ofMonitor },
      },
    },
    notes: [
      `look: ${STEP} is yours to write: STIXCore has no command for one level of one product. What it gets, and which classes it calls: docs/import-stixcore.md; stand-ins with the same words: examples/stix/steps.`,
      'PKT is new: the packets of one file, by type and day. LB is merged of these, whole or not at all; STIXCore writes over the file that is there.',
      `look: a run of L0 or L1 writes the day, or the request, that it was given and no other: the run fails where it would write over another day’s file. STIXCore cuts by midnight and merges the piece into its neighbour; how ${STEP} does it: docs/import-stixcore.md.`,
      'look: VERSION is the least. In STIXCore calibration spectra are version 3 and X-ray spectrograms version 4, whatever the rest is: the higher one counts.',
    ],
  };
}

/** A product that may grow has a U behind its version, until nothing has come for so long as publishing waits. */
function growing(settings: Settings): Keys {
  return {
    incomplete: '{dir}/{stem}U.fits',
    'complete-after': settings.time('Publish', 'waiting_period', '14d'),
  };
}

function stepsOf(settings: Settings): Keys {
  const ecc = settings.path('ECC', 'ecc_path');
  return {
    PKT: {
      from: 'tm',
      run: [STEP, 'PKT', '{in}', '{out}'],
      to: 'PKT/{path}',
      exit: { 3: 'warnings' },
      timeout: '30m',
      retry: '2 every 1m',
    },
    LB: {
      from: 'PKT',
      names: 'PKT/{type}/{place}/{file}',
      each: 'group',
      key: '{type}/{place}',
      merge: true,
      run: [STEP, 'LB', '{list}', '{target}', '{out}', '{version}', '{type}', '{place}'],
      to: 'LB/{path}',
      concurrency: 2,
      timeout: '10m',
    },
    L0: {
      from: 'LB',
      names: `/^solo_LB_stix-(?<type>\\d+-\\d+(?:-\\d+)?)_${DAY_OR_REQUEST}\\./`,
      each: 'group',
      // A day's file is written by the run of that day alone: STIXCore's own merging with its neighbours is not there.
      key: '{type}/{range}{request}',
      run: [STEP, 'L0', '{list}', '{out}', '{version}'],
      ...growing(settings),
      exit: { 3: 'warnings' },
      concurrency: 2,
      timeout: '30m',
    },
    L1QL: level1(settings, String.raw`ql-\w+`, 3),
    // What STIXCore names a request at L0 by its times moves when more of it comes; its number stays.
    L1SCI: { ...level1(settings, String.raw`sci-[\w-]+`, 2), key: '{product}{request}' },
    L1: level1(settings, String.raw`(?:hk|cal|asp)-[\w-]+?`, 1),
    CAL: {
      from: 'L1',
      names: 'solo_L1_stix-cal-{name}_{range}_V{v}.fits',
      each: 'batch',
      batch: Math.max(1, settings.whole('Pipeline', 'parallel_batchsize_l2', 100)),
      run: [STEP, 'CAL', '{list}', '{out}', '{version}'],
      overwrite: true,
      exit: { 10: 'skip' },
      timeout: '1h',
      ...(ecc === undefined ? {} : { env: { STIX_ECC_PATH: ecc } }),
    },
    ANC: { ...daily('L1', 'hk-maxi', '1h'), ...growing(settings), ...aspect(settings) },
    LL03: daily('L1QL', 'ql-lightcurve', '10m'),
  };
}

/** Quick look first, then science, then the rest. */
function level1(settings: Settings, product: string, priority: number): Keys {
  return {
    from: 'L0',
    names: `/^solo_L0_stix-(?<product>${product})_${DAY_OR_REQUEST}\\./`,
    each: 'group',
    key: '{product}/{range}{request}',
    run: [STEP, 'L1', '{list}', '{out}', '{version}'],
    ...growing(settings),
    exit: { 12: 'defer' },
    defer: '1h',
    concurrency: 2,
    timeout: '30m',
    priority,
  };
}

function daily(from: string, product: string, timeout: string): Keys {
  return {
    from,
    at: '0 8 * * *',
    names: `solo_L1_stix-${product}_{day}_V{v}.fits`,
    run: [STEP, product === 'hk-maxi' ? 'ANC' : 'LL03', '{list}', '{out}', '{version}'],
    exit: { 10: 'skip' },
    timeout,
    overwrite: true,
  };
}

/** The aspect solution by IDL: as many days in one run as its licence is worth. */
function aspect(settings: Settings): Keys {
  const isOn = settings.flag('IDLBridge', 'enabled', false);
  const gsw = settings.text('IDLBridge', 'gsw_path');
  return {
    each: 'batch',
    batch: Math.max(1, settings.whole('IDLBridge', 'batchsize', 20)),
    env: { STIX_IDL: isOn ? '1' : '0', ...(gsw === undefined || !isOn ? {} : { STIX_IDL_GSW_PATH: gsw }) },
  };
}
