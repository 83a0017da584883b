import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { lockFolder } from '../../../core/folder-lock.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { transaction } from '../../../core/sqlite.ts';
import { openWatchdogDatabase } from '../../../hub/protocols/watchdog/database.ts';
import { oldToRecord } from '../../../hub/protocols/watchdog/entries.ts';
import { type HubStore, openHubStore } from '../../../hub/threads/hub-store.ts';
import type { PlannedHub } from '../../plan.ts';
import type { DumpSurvey } from './survey-dump.ts';

/** What came into the hub. */
export interface TakenOver {
  readonly stored: number;
  /** Rows that an earlier import had brought. */
  readonly doubled: number;
  /** Agents that had a config here already, which stays. */
  readonly keptConfigs: number;
}

const BATCH = 500;

/**
 * Brings the rows of a dump into the hub's folder, while no hub runs there; twice brings nothing twice: rows are numbered by their ids. As
 * the hub counts, they were received now. The error is a sentence.
 */
export async function takeOver(
  survey: DumpSurvey,
  { folder, keep }: Pick<PlannedHub, 'folder' | 'keep'>,
  clock: Clock,
  progress: (stored: number) => void,
): Promise<Result<TakenOver, string>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const locked = lockFolder(folder, { what: 'vahti import', clock });
  if (!locked.ok) return err(`${locked.error.message}; stop the hub first: vahti stop hub`);
  try {
    const death = Promise.withResolvers<never>();
    death.promise.catch(() => {});
    const store = await openHubStore({
      folder: join(folder, 'store'),
      keep,
      clock,
      note: () => {},
      died: (error) => death.reject(error),
    });
    try {
      const records = await Promise.race([bringRecords(survey, store, progress), death.promise]);
      if (!records.ok) return records;
      const keptConfigs = bringRest(survey, folder, clock);
      return keptConfigs.ok ? ok({ ...records.value, keptConfigs: keptConfigs.value }) : keptConfigs;
    } finally {
      await store.close();
    }
  } finally {
    locked.value.release();
  }
}

async function bringRecords(
  survey: DumpSurvey,
  store: HubStore,
  progress: (stored: number) => void,
): Promise<Result<Omit<TakenOver, 'keptConfigs'>, string>> {
  let [stored, doubled] = [0, 0];
  for (const { kind, agent, rows } of survey.rows.batches(BATCH)) {
    const records = rows.map(({ id, entry }) => ({ seq: id, ...oldToRecord(agent, kind, entry) }));
    const series = `${agent}~import-${kind}`;
    const answer = await store.append({ agent, series }, Buffer.from(JSON.stringify(records)));
    if (!answer.ok) return err(`cannot store rows of ${agent}: ${answer.message}`);
    stored += answer.stored;
    doubled += answer.doubled;
    progress(stored + doubled);
  }
  return ok({ stored, doubled });
}

/** Configs and statistics; what is here already is newer. Answers with how many configs were here. */
function bringRest(survey: DumpSurvey, folder: string, clock: Clock): Result<number, string> {
  const opened = openWatchdogDatabase(folder);
  if (!opened.ok) return err(opened.error.message);
  const db = opened.value;
  try {
    return ok(
      transaction(db, () => {
        let kept = 0;
        for (const { agent, json } of survey.configs)
          kept +=
            1 -
            db.run(
              'INSERT INTO configs (agent, version, changed, config) VALUES (?, 1, ?, ?) ON CONFLICT DO NOTHING',
              [agent, clock.now(), json],
            );
        for (const { agent, uid, device, statistic, time, value } of survey.statistics) {
          db.run('INSERT INTO devices (agent, device, uid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', [
            agent,
            device,
            uid,
          ]);
          db.run(
            'INSERT INTO statistics (agent, device, statistic, time, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
            [agent, device, statistic, time, value],
          );
        }
        return kept;
      }),
    );
  } finally {
    db.close();
  }
}
