import * as v from 'valibot';
import { collectConfig } from '../../collect/config.ts';
import { channelNames, duration, environment, type FieldFacts, text, zoneName } from '../../core/fields.ts';
import { logConfig, logDefaults, restartConfig } from '../../run/config.ts';
import { needsConfig, readyConfig } from '../../run/readiness/config.ts';
import { environmentFile, limitFields, stopSignal } from '../../run/limits-config.ts';
import { forwardConfig } from '../../forward/config.ts';
import { hubConfig } from '../../hub/config.ts';
import { pipelineConfig } from '../../pipeline/config.ts';
import { beatsConfig } from '../../watch/beats/config.ts';
import { watchesConfig } from '../../watch/config.ts';
import { lockNames } from '../../core/lock-names.ts';
import { ownQuietConfig, quietConfig } from '../../core/quiet-config.ts';
import { jobsConfig } from '../../jobs/config.ts';
import { beatConfig, channelsConfig } from '../../notify/config.ts';

const stop = v.pipe(
  v.optional(duration),
  v.description('How long a stop may take: the stop signal to the whole process tree, then KILL.'),
);

const words = v.pipe(
  v.union(
    [text(), v.pipe(v.array(v.string()), v.minLength(1))],
    'cannot use this value: write a list of words, or a text that is split into words',
  ),
  v.metadata({
    form: 'a list of words, or a text that is split into words',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string' }, minItems: 1 },
      ],
      examples: [['sh', '-c', 'while date; do sleep 5; done'], 'node server.js --port 8080'],
    },
  } satisfies FieldFacts),
);

const notify = v.pipe(
  v.optional(channelNames),
  v.description(
    'Who is told when it is in trouble, by the names of channels; an empty list: nobody. By default every channel.',
  ),
);

/** Names of services are used in file names, unit names and addresses. */
export const SERVICE_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

const serviceFields = v.strictObject({
  run: v.pipe(
    v.optional(words),
    v.description(
      'The command to run, without a shell. The word `vahti` as the command means this very program.',
    ),
  ),
  collect: v.optional(collectConfig),
  pipeline: v.optional(pipelineConfig),
  unit: v.pipe(
    v.optional(text('the name of a service of systemd such as livereduce.service')),
    v.description(
      'A service of systemd that somebody else made: it is watched, shown, and restarted by watches and people. Beside it only `needs`, `watch`, `quiet`, `locks`, `notify`, `log` and `restart.watches` can be written.',
    ),
  ),
  env: v.pipe(
    v.optional(environment({ LEVEL: 'info', TOKEN: '$API_TOKEN' })),
    v.description(
      'Environment on top of the daemon’s own. `$NAME` takes a value from the daemon’s environment, `file:PATH` from a file: write secrets only so.',
    ),
  ),
  'env-file': environmentFile,
  cwd: v.pipe(
    v.optional(text('a folder')),
    v.description('The working folder; relative to the config file.'),
  ),
  user: v.pipe(
    v.optional(text('a user name')),
    v.description('The user to run as, with all its groups. Only root can change it.'),
  ),
  'unit-name': v.pipe(
    v.optional(text('the name of a unit of systemd such as clock.service')),
    v.description(
      'What `vahti install` calls its unit; by default `vahti-NAME.service`. `.service` may be left out.',
    ),
  ),
  ...limitFields,
  stop,
  'stop-signal': stopSignal,
  needs: v.pipe(
    v.optional(needsConfig),
    v.description(
      'What has to be there before it starts: another service that runs, or one that is `ready`. When that has a new life, this one gets one too.',
    ),
  ),
  ready: v.optional(readyConfig),
  watch: v.optional(watchesConfig),
  quiet: v.optional(ownQuietConfig),
  locks: v.pipe(
    v.optional(lockNames),
    v.description(
      'Names of locks that it has from its start to its stop: no job that wants one begins meanwhile. It waits for none itself.',
    ),
  ),
  notify,
  restart: v.optional(restartConfig),
  log: v.optional(logConfig),
});

/** Which keys say what a service is. */
export const KINDS = [
  'run',
  'collect',
  'pipeline',
  'unit',
] as const satisfies readonly (keyof typeof serviceFields.entries)[];

/** One service. That it has exactly one of KINDS is checked where the plan is made, in a sentence of its own. */
const serviceConfig = v.pipe(
  serviceFields,
  v.description(
    'One service: exactly one of `run`, `collect`, `pipeline` and `unit`, and what holds for every kind.',
  ),
  v.metadata({ json: { oneOf: KINDS.map((kind) => ({ required: [kind] })) } }),
);

export const config = v.pipe(
  v.strictObject({
    state: v.pipe(
      v.optional(text('a folder')),
      v.description('Where Vahti keeps its own state; relative to the config file. Not on NFS.'),
    ),
    zone: v.pipe(v.optional(zoneName), v.description('The zone of windows and schedules that name none.')),
    defaults: v.pipe(
      v.optional(
        v.strictObject({ stop, restart: v.optional(restartConfig), log: v.optional(logDefaults), notify }),
      ),
      v.description('What holds for every service that does not say otherwise.'),
    ),
    hub: v.optional(hubConfig),
    forward: v.optional(forwardConfig),
    quiet: v.optional(quietConfig),
    notify: v.optional(channelsConfig),
    beats: v.optional(beatsConfig),
    beat: v.optional(beatConfig),
    jobs: v.optional(jobsConfig),
    services: v.pipe(
      v.optional(v.record(v.string(), serviceConfig)),
      v.description(
        'What should always run, by name. A name has small letters, digits, dots, dashes and underscores, up to 63, and begins and ends with a letter or a digit.',
      ),
      v.metadata({ json: { propertyNames: { pattern: SERVICE_NAME.source } } }),
    ),
  }),
  v.description('Everything that Vahti does on a machine.'),
);

export type Config = v.InferOutput<typeof config>;
export type ServiceConfig = v.InferOutput<typeof serviceConfig>;

/** The values that hold where neither a service nor `defaults` says anything. */
export const BUILT_IN = {
  state: '.vahti',
  zone: 'UTC',
  /** Exit codes of a collector that a restart cannot mend: a wrong config, a reset that a person has to look at. */
  collectNoRestartOn: [2, 6],
  stopMs: 30_000,
  fast: 3,
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  slowMs: 900_000,
  logBudgetBytes: 67_108_864,
  logMode: 0o640,
  keepLogsMs: 7 * 86_400_000,
  keepHistoryMs: 90 * 86_400_000,
  keepBytes: 1_073_741_824,
  keepLooksMs: 14 * 86_400_000,
  keepLooksBytes: 67_108_864,
  /** Of a hub. */
  hubBytes: 10_737_418_240,
  hubFree: 1_073_741_824,
  hubCleanUpMs: 60_000,
  hubRecords: 100_000,
  hubRecordBytes: 67_108_864,
} as const;
