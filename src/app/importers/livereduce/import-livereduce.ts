import { formatDuration } from '../../../core/durations.ts';
import { type Drafted, drafted, type ServiceDraft } from '../draft.ts';
import { configPath } from '../paths.ts';
import { readJsonObject } from './read-json.ts';
import { readSettings } from './settings.ts';

export interface LivereduceOptions {
  readonly file: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** The log that is watched; by default the one that is built into the watchdog. */
  readonly log?: string;
}

const UNIT = 'livereduce.service';
const WATCHDOG_UNIT = 'livereduce_watchdog.service';
/** Built into livereduce_watchdog.sh; livereduce.py writes there where its USER is snsdata. */
const LOG = '/var/log/SNS_applications/livereduce.log';

/** Makes a draft of livereduce's service as it is installed, with its watchdog as a watch. Nothing is started or stopped. */
export function importLivereduce({ file, folder, log = LOG }: LivereduceOptions): Drafted {
  const config = readJsonObject(file);
  if (!config.ok) return { draft: undefined, diagnostics: config.error };
  const { watchdog, replaced, strange, own } = readSettings(config.value);
  const service: ServiceDraft = {
    name: 'livereduce',
    keys: {
      unit: UNIT,
      watch: {
        log: {
          file: configPath(log, process.cwd(), folder),
          within: formatDuration(watchdog.threshold * 1000),
          every: formatDuration(watchdog.interval * 1000),
          // The watchdog acts on its first look, too.
          fail: 1,
          // oxlint-disable-next-line unicorn/no-thenable -- the word of the config
          then: ['restart', 'page'],
        },
      },
    },
    notes: [
      ...replaced.map((note) => `look: ${note}`),
      ...strange.map((note) => `look: ${note}`),
      ...notTaken(own),
    ],
  };
  return drafted({ notes: HEAD, services: [service] }, []);
}

const HEAD: readonly string[] = [
  `${UNIT} stays systemd’s: Vahti looks at it, and restarts it where its watch says so. Instead of ${WATCHDOG_UNIT}: disable that one first, two watchdogs restart twice.`,
  'Restarting it needs the right to: as root, or as the user of the polkit rule that came with the watchdog (snsdata).',
];

function notTaken(own: readonly string[]): string[] {
  if (own.length === 0) return [];
  return [
    `not taken over: ${own.join(', ')}: ${UNIT} goes on reading them; \`reduce:\`, which is to take its place, is not in this version`,
  ];
}
