import * as v from 'valibot';
import { formatDuration } from '../../src/core/durations.ts';
import { JOB_DEFAULTS, jobKeys, runOptions } from '../../src/jobs/config.ts';
import { VERB_KINDS } from '../../src/jobs/verbs/registry.ts';
import { type Key, keysIn, readKeys } from './keys.ts';
import { code, marker, page } from './markdown.ts';
import { keyTable } from './watches.ts';

type Json = Readonly<Record<string, unknown>>;

interface Verb {
  readonly verb: string;
  readonly main: string;
  readonly keys: readonly Key[];
}

function keysOf(schema: unknown, what: string): readonly Key[] {
  return keysIn(readKeys(v.pipe(schema as v.GenericSchema, v.description(what)) as v.GenericSchema));
}

const commonKeys = (): readonly Key[] => keysOf(jobKeys, 'What every job has.');
const verbs = (): readonly Verb[] => [
  { verb: 'run', main: 'run', keys: keysOf(runOptions, 'run') },
  ...VERB_KINDS.map(({ verb, main, options }) => ({ verb, main, keys: keysOf(options, verb) })),
];

/** What holds where a job does not say otherwise. */
const DEFAULTS: Readonly<Record<string, string>> = {
  jitter: 'none',
  missed: code(JOB_DEFAULTS.missed),
  'max-age': code(formatDuration(JOB_DEFAULTS.maxAgeMs)),
  timeout: code(formatDuration(JOB_DEFAULTS.timeoutMs)),
  'before-fails': code(JOB_DEFAULTS.beforeFails),
  late: 'never',
  cwd: code('.'),
  user: 'the daemon’s user',
};

/** The reference page of jobs and their verbs. */
export function jobsPage(): string {
  return page([
    '# Jobs reference',
    marker('src/jobs/config.ts and the verbs in src/jobs/verbs/'),
    'A job is `NAME: { at: …, VERB: …, options }` under `jobs`: `at` or `after`, and exactly one verb; `run` is a command. What stands under VERB is its main option. What happens when is in [jobs](../jobs.md).',
    '## Keys of every job',
    keyTable(commonKeys(), ({ name }) => DEFAULTS[name] ?? 'none'),
    ...verbs().flatMap(({ verb, main, keys }) => [
      `## ${code(verb)}`,
      `Its main option is ${code(main)}.`,
      keyTable(keys, ({ required }) => (required ? '*required*' : 'none')),
    ]),
  ]);
}

/** What an editor can check of `jobs`: every key of every verb, each as any verb takes it. */
export function jobsJson(): Json {
  const properties = new Map<string, Json[]>();
  const add = (name: string, schema: Json): void => {
    const known = properties.get(name) ?? [];
    if (!known.some((each) => JSON.stringify(each) === JSON.stringify(schema))) known.push(schema);
    properties.set(name, known);
  };
  for (const key of commonKeys()) add(key.name, jsonOf(key));
  for (const { verb, main, keys } of verbs()) {
    const own = Object.fromEntries(keys.map((key) => [key.name, jsonOf(key)]));
    const whole = { type: 'object', properties: own, additionalProperties: false };
    add(verb, verb === main ? (own[main] ?? {}) : { anyOf: [own[main] ?? {}, whole] });
    for (const key of keys) if (key.name !== main) add(key.name, jsonOf(key));
  }
  const entries = [...properties].map(
    ([name, all]) => [name, all.length === 1 ? all[0] : { anyOf: all }] as const,
  );
  return {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: Object.fromEntries(entries),
      additionalProperties: false,
    },
  };
}

function jsonOf(key: Key): Json {
  return { description: key.description, ...key.json };
}
