import * as v from 'valibot';
import { isDeeperThan } from '../../../core/json-depth.ts';
import { type Database, number, text } from '../../../core/sqlite.ts';
import type { Clock } from '../../../core/clock.ts';
import { hasRole } from '../../server/principal.ts';
import type { Action, ActionAnswer, Session } from '../../server/session.ts';
import type { Rooms } from '../ws/rooms.ts';
import { DEEPEST } from './entries.ts';
import { answered, invalid, refused, targetOf } from './targets.ts';

/** An agent's config: any JSON, kept as it was given. */
interface Config {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
  readonly config: unknown;
}

interface Configs {
  count(): number;
  get(agent: string): Config | undefined;
  /** @returns the new version. */
  set(agent: string, json: string): number;
}

/** Characters of JSON. */
const MOST_CONFIG = 262_144;
const MOST_CONFIGS = 20_000;

const NAME = v.optional(v.pipe(v.string('is no text'), v.maxLength(200, 'is too long')));
const GET = v.object({ agent: NAME, wdcode: NAME, info: v.optional(v.unknown()) });
const INSERT = v.object({
  agent: NAME,
  wdcode: NAME,
  /** Version 1. */
  info: v.optional(v.record(v.string(), v.unknown(), 'is no object')),
  config: v.optional(v.unknown()),
  version: v.optional(
    v.pipe(v.number('is no number'), v.integer('is no whole number'), v.minValue(0, 'is below 0')),
  ),
});

export function configActions(db: Database, clock: Clock, rooms: Rooms): readonly Action[] {
  const configs = createConfigs(db, clock);
  return [getConfig(configs), insertConfig(configs, rooms)] as readonly Action[];
}

function createConfigs(db: Database, clock: Clock): Configs {
  return {
    count: () => db.get({ n: number }, 'SELECT count(*) AS n FROM configs')?.n ?? 0,
    get(agent) {
      const sql = 'SELECT version, changed, config FROM configs WHERE agent = ?';
      const row = db.get({ version: number, changed: number, config: text }, sql, [agent]);
      return row && { ...row, config: JSON.parse(row.config) as unknown };
    },
    set(agent, json) {
      const row = db.get(
        { version: number },
        `INSERT INTO configs (agent, version, changed, config) VALUES (?, 1, ?, ?)
         ON CONFLICT (agent) DO UPDATE SET version = version + 1, changed = excluded.changed, config = excluded.config
         RETURNING version`,
        [agent, clock.now(), json],
      );
      return row?.version ?? 1;
    },
  };
}

function getConfig(configs: Configs): Action<v.InferOutput<typeof GET>> {
  return {
    name: 'getConfig',
    schema: GET,
    async run(request, session): Promise<ActionAnswer> {
      const target = targetOf(session, request);
      if (!target.ok) return refused(target.error);
      const found = configs.get(target.value);
      if (session.version === 2) return answered(found === undefined ? NONE : { ...found });
      if (found !== undefined)
        return answered({ config: found.config, comment: 'Found an existing for this WD code.' });
      return invalid(
        'No config exists for this WD code. use insertConfig to set a new config for this WD code.',
      );
    },
  };
}

function insertConfig(configs: Configs, rooms: Rooms): Action<v.InferOutput<typeof INSERT>> {
  return {
    name: 'insertConfig',
    schema: INSERT,
    async run({ info, config: given, version, ...naming }, session): Promise<ActionAnswer> {
      const target = targetOf(session, naming);
      if (!target.ok) return refused(target.error);
      const agent = target.value;
      if (session.principal.kind === 'user' && !hasRole(session.principal, 'operate'))
        return refused({
          code: 'forbidden',
          message: `cannot set the config of ${agent}: that is for operators`,
        });
      const config = session.version === 1 ? info?.['config'] : given;
      if (config === undefined) return invalid(noConfig(session));
      if (isDeeperThan(config, DEEPEST)) return invalid('cannot use this config: it is nested too deeply');
      const json = JSON.stringify(config);
      if (json.length > MOST_CONFIG)
        return invalid(`cannot use this config: it has ${json.length} characters, ${MOST_CONFIG} at most`);
      const before = configs.get(agent)?.version ?? 0;
      if (version !== undefined && version !== before)
        return invalid(`cannot set version ${version + 1} of the config: it is at version ${before}`);
      if (before === 0 && configs.count() >= MOST_CONFIGS)
        return invalid(`cannot keep another config: there are ${MOST_CONFIGS}`);
      const now = configs.set(agent, json);
      rooms.push(agent, { v2: { event: 'config', agent, version: now, config } }, session);
      if (session.version === 2) return answered({ version: now });
      return answered({ config, comment: before === 0 ? CREATED : OVERWRITTEN });
    },
  };
}

const NONE = { config: null, version: 0, changed: null };
const CREATED = 'No config exists for this WD code. Created new entry.';
const OVERWRITTEN = 'Found an existing config for this WD code. Overwriting existing with new.';

function noConfig({ version }: Session): string {
  return version === 1
    ? 'No config supplied. Please check inputs.'
    : 'cannot set the config: there is none in the frame';
}
