import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import * as v from 'valibot';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import { RpcError, type RpcMethods, serveRpc } from '../../core/rpc.ts';
import type { PipelineServiceApi } from '../pipeline/service-api.ts';
import type { Plan } from '../plan.ts';
import { serviceSocket, statePaths } from '../state.ts';
import { createPipelineAsks, type PipelineAsks } from './pipeline-asks.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  steps: { L0: { from: 'inbox', run: ['sh', '-c', 'cat {in} >&2; exit 4'], to: 'L0/{stem}.l0' } },
};

interface Asking {
  readonly rig: PipelineRig;
  readonly asks: PipelineAsks;
  /** What stands on the time line. */
  readonly said: string[];
  /** Its service's. */
  readonly socket: string;
}

function startAsking(t: TestContext, clock: Clock = systemClock): Asking {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  const paths = statePaths(tempFolder(t));
  for (const each of [join(paths.folder, 'pipelines'), paths.run]) mkdirSync(each, { recursive: true });
  symlinkSync(join(rig.folder, 'state'), join(paths.folder, 'pipelines/p'));
  const plan = { services: [{ name: 'p', pipeline: planOf(rig.folder, CONFIG) }] } as unknown as Plan;
  const said: string[] = [];
  const records = (drafts: readonly RecordDraft[]): void =>
    void said.push(...drafts.map(({ message }) => message));
  const asks = createPipelineAsks({ plan: () => plan, paths, clock, records });
  return { rig, asks, said, socket: serviceSocket(paths, 'p') };
}

const asked = (signal = new AbortController().signal) => ({ who: 'ada', why: 'to see', signal });

/** More tasks than are looked at in one go: failed ones as the first, and newer ones that came to their end. */
function writeMany(rig: PipelineRig): void {
  const db = new DatabaseSync(join(rig.folder, 'state/ledger.db'));
  const columns = db
    .prepare(`SELECT name FROM pragma_table_info('task') WHERE name NOT IN ('id', 'state', 'open')`)
    .all()
    .map(({ name }) => String(name));
  for (const [state, many] of [
    ['failed', FAILED],
    ['done', 12_000],
  ] as const)
    db.exec(`WITH RECURSIVE each(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM each WHERE at < ${many})
      INSERT INTO task (state, open, ${columns.join(', ')})
      SELECT '${state}', 0, ${columns.map((column) => `task.${column}`).join(', ')} FROM each, task WHERE task.id = 1`);
  db.close();
}
const FAILED = 1500;

test('what failed of a step for a reason is done again, all of it, however old it is, and nothing else', async (t) => {
  // Whatever is looked at takes long.
  let passed = 0;
  const { rig, asks } = startAsking(t, { ...systemClock, monotonic: () => (passed += 2000) });
  for (const [name, content] of Object.entries({ a: 'too short', b: 'no header' })) {
    rig.deliver(`${name}.in`, `${content}\n`);
    await rig.work();
  }
  writeMany(rig);
  const retry = { name: 'p', step: 'L0', reason: 'exit code 4: too short' };
  await assert.rejects(
    asks['pipeline-retry']({ ...retry, reason: 'exit code 4' }, asked()),
    /cannot retry anything/,
  );
  await assert.rejects(asks['pipeline-retry'](retry, asked(AbortSignal.abort())), /nobody waits for it/);
  const failed = () => rig.ledger(async (ledger) => (await ledger.badTasks(10_000)).length);
  assert.equal(await failed(), FAILED + 2);
  const [result] = await asks['pipeline-retry'](retry, asked());
  assert.equal(result?.message, `${FAILED + 1} tasks are done again`);
  assert.deepEqual(await rig.failures(), ['L0: exit code 4: no header']);
});

test('an older content of a name is not adopted: that would write down the newer one as done', async (t) => {
  const { rig, asks } = startAsking(t);
  rig.deliver('a.in', 'first\n');
  const sight = (mtimeNs: string, state: 'ignored' | 'waiting') =>
    rig.ledger((ledger) => ledger.sight('inbox', [{ path: 'a.in', ino: '1', size: 6, mtimeNs, state }], 1));
  const [first] = await sight('1', 'ignored');
  const [second] = await sight('2', 'waiting');
  assert.ok(first !== undefined && second !== undefined && first.id !== second.id);
  const adopt = ({ id }: { readonly id: number }) =>
    asks['pipeline-adopt']({ name: 'p', file: `#${id}` }, asked());
  await assert.rejects(adopt(first), /cannot adopt .*a\.in: another content has taken its place/);
  assert.equal(await rig.state('a.in'), 'waiting');
  const [result] = await adopt(second);
  assert.match(result?.message ?? '', /a\.in is written down as done$/);
  assert.equal(await rig.state('a.in'), 'done');
});

test('a drain that cannot ask what runs says that it holds, and stands on the time line', async (t) => {
  const { asks, said, socket } = startAsking(t);
  const held: string[] = [];
  const methods = {
    hold: {
      params: v.object({ why: v.string() }),
      handle: ({ why }: { why: string }) => (held.push(why), {}),
    },
    figures: {
      params: v.unknown(),
      handle() {
        throw new RpcError('lent', 'cannot say: its ledger is lent');
      },
    },
  } as unknown as RpcMethods<PipelineServiceApi>;
  const server = await serveRpc<PipelineServiceApi>({ path: socket, methods, log: silentLog, mode: 0o600 });
  assert.ok(server.ok);
  onEnd(t, () => server.value.close());
  const [result] = await asks['pipeline-drain']({ name: 'p' }, asked());
  const message = 'nothing new begins; what runs is not known: cannot say: its ledger is lent';
  assert.deepEqual([result?.message, held], [message, ['to see (ada)']]);
  assert.deepEqual(said, [`drain by ada: to see: ${message}`]);
});
