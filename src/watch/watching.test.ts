import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { silentLog } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import type { WatchSettings } from './course.ts';
import type { LookRequest } from './kind.ts';
import type { Judgement, Verdict } from './judgement.ts';
import type { WatchedService } from './watched-service.ts';
import { createWatching, type PersistedWatches } from './watching.ts';

const SECOND = 1000;

function settings(more: Partial<WatchSettings> = {}): WatchSettings {
  return {
    name: 'alive',
    kind: 'test',
    everyMs: 10 * SECOND,
    timeoutMs: 5 * SECOND,
    gate: { fail: { times: 2, of: 2 }, ok: 1, graceMs: 0 },
    steps: [{ do: 'restart' }, { do: 'page' }],
    ...more,
  };
}

/** A service whose lives end when they are asked to, and a watch that sees what the test says. */
function createScene(watches: readonly WatchSettings[] = [settings()], restored?: PersistedWatches) {
  const clock = createFakeClock();
  const records: RecordDraft[] = [];
  const done: string[] = [];
  const looks: LookRequest[] = [];
  const saved: PersistedWatches[] = [];
  const scene = {
    clock,
    records,
    done,
    looks,
    saved,
    see: 'ok' as Verdict,
    answer: undefined as ((request: LookRequest) => Promise<Judgement>) | undefined,
    state: 'running' as 'running' | 'stopped' | 'blocked',
    wanted: true,
    ready: null as boolean | null,
    /** Whoever runs it may not end its life. */
    refuses: false,
    lives: 1,
    startedAt: clock.now(),
  };
  const service: WatchedService = {
    name: 'web',
    snapshot: () => {
      const runs = scene.state === 'running';
      const { state, wanted, ready, startedAt } = scene;
      const life = runs ? `life-${scene.lives}` : null;
      return {
        state,
        wanted,
        ready,
        life,
        pid: runs ? 42 : null,
        startedAt: runs ? startedAt : null,
        readyAt: null,
        lastExit: null,
      };
    },
    restart(reason, who, fields, refused) {
      if (scene.refuses) {
        done.push('refused');
        return refused();
      }
      done.push(`restart ${scene.lives}: ${reason} (${who}; ${JSON.stringify(fields['tail'])})`);
      scene.lives += 1;
      scene.startedAt = clock.now();
    },
    stop: () => void done.push('stop'),
    restartDependents: (reason) => void done.push(`dependents: ${reason}`),
    run: (argv, variables) => {
      done.push(`run ${argv.join(' ')}: ${JSON.stringify(variables)}`);
      return Promise.resolve(`ran ${argv.join(' ')}`);
    },
    tail: () => ['last words'],
  };
  const look = (request: LookRequest): Promise<Judgement> => {
    looks.push(request);
    return (
      scene.answer?.(request) ??
      Promise.resolve({ verdict: scene.see, value: null, reason: `it is ${scene.see}` })
    );
  };
  const watching = createWatching(
    service,
    watches.map((each) => ({ settings: each, watcher: { look }, fingerprint: each.name })),
    {
      clock,
      log: silentLog,
      random: () => 0.5,
      records: (drafts) => records.push(...drafts),
      restored,
      persist: (state) => void saved.push(JSON.parse(JSON.stringify(state)) as PersistedWatches),
    },
  );
  return { ...scene, scene, watching };
}

test('it looks at its rate from a random moment on, and each flip is a record', async () => {
  const { clock, looks, records, scene, watching } = createScene();
  await clock.advance(4 * SECOND);
  assert.equal(looks.length, 0);
  await clock.advance(SECOND);
  assert.equal(looks.length, 1);
  assert.equal(records.length, 0, 'that it is well from the beginning is nothing to tell');
  scene.see = 'late';
  await clock.advance(20 * SECOND);
  assert.equal(looks.length, 3);
  assert.deepEqual(
    records.map(({ kind, sender, life, message }) => [kind, sender, life, message]),
    [['flip', 'alive', 'life-1', 'alive is late: it is late']],
  );
  assert.deepEqual(records[0]?.fields, {
    subject: 'watch',
    watch: 'alive',
    from: 'ok',
    to: 'late',
    value: null,
    reason: 'it is late',
  });
  await watching.close();
  assert.equal(clock.nextTimer(), undefined);
});

test('lives that fail are restarted as the budget and the cool-down allow, then the next step is taken, and nothing is for ever', async () => {
  const { clock, done, records, scene, watching, saved } = createScene();
  scene.see = 'bad';
  await clock.advance(15 * SECOND);
  assert.deepEqual(done, ['restart 1: alive is bad: it is bad (the watch alive; ["last words"])']);
  assert.equal(saved.at(-1)?.budget.restarts.length, 1);
  await clock.advance(59 * SECOND);
  assert.equal(done.length, 1, 'the new life has time');
  const next = watching.figures()[0]?.nextAction;
  assert.deepEqual(next, { what: 'restart', at: clock.now() + SECOND });
  await clock.advance(SECOND);
  assert.equal(done.length, 2);
  await clock.advance(20 * 60 * SECOND);
  assert.equal(done.length, 3);
  assert.equal(records.filter(({ kind }) => kind === 'note').length, 1);
  assert.equal(records.filter(({ kind }) => kind === 'flip').length, 1, 'one incident');
  await clock.advance(45 * 60 * SECOND);
  assert.equal(done.length, 6, 'an hour later there are restarts again');
  await watching.close();
});

test('a restart that was refused is tried again when it has cooled down, on the same life, within the budget', async () => {
  const { clock, done, records, scene, watching } = createScene();
  scene.see = 'bad';
  scene.refuses = true;
  await clock.advance(15 * SECOND);
  assert.deepEqual(done, ['refused']);
  const next = watching.figures()[0]?.nextAction;
  assert.deepEqual(next, { what: 'restart', at: clock.now() + 60 * SECOND });
  await clock.advance(60 * SECOND);
  assert.deepEqual(done, ['refused', 'refused'], 'what explain said comes true');
  scene.refuses = false;
  await clock.advance(60 * SECOND);
  assert.equal(done.length, 3);
  assert.match(done[2] ?? '', /^restart 1: /);
  assert.equal(records.filter(({ message }) => message.includes('restarted again')).length, 0);
  await watching.close();
});

test('a command of a ladder learns which life it is run for, and why', async () => {
  const steps = [{ do: 'run', argv: ['mend', 'it'] }] as const;
  const { clock, done, scene, watching } = createScene([settings({ steps })]);
  const said = `a "quoted" | line\0${'x'.repeat(3000)}`;
  scene.answer = () => Promise.resolve({ verdict: 'bad', value: null, reason: said });
  await clock.advance(15 * SECOND);
  assert.equal(done.length, 1);
  const variables = JSON.parse(done[0]?.replace('run mend it: ', '') ?? '') as Record<string, string>;
  const { VAHTI_REASON: reason = '', ...others } = variables;
  assert.deepEqual(others, {
    VAHTI_WATCH: 'alive',
    VAHTI_WATCHED_LIFE: 'life-1',
    VAHTI_WATCHED_PID: '42',
  });
  assert.equal(reason, `alive is bad: ${said}`.replace('\0', ' ').slice(0, 2000));
  await watching.close();
});

test('two watches of a service share its restarts', async () => {
  const { clock, done, scene, watching } = createScene([settings(), settings({ name: 'other' })]);
  scene.see = 'bad';
  await clock.advance(30 * 60 * SECOND);
  assert.equal(done.length, 3);
  await watching.close();
});

test('a service that does not run, or is not ready, is not looked at, and one that is stopped meanwhile is left alone', async () => {
  const { clock, done, looks, scene, watching } = createScene();
  scene.see = 'bad';
  scene.ready = false;
  await clock.advance(60 * SECOND);
  scene.ready = null;
  scene.state = 'blocked';
  await clock.advance(60 * SECOND);
  assert.equal(looks.length, 0);
  scene.state = 'running';
  scene.wanted = false;
  await clock.advance(600 * SECOND);
  assert.ok(looks.length > 10);
  assert.deepEqual(done, []);
  await watching.close();
});

test('a look never overlaps itself; what does not answer at its deadline is unknown, and what was seen of a dead life is dropped', async () => {
  const gate = { fail: { times: 1, of: 1 }, ok: 1, graceMs: 0 };
  const { clock, looks, records, scene, watching } = createScene([settings({ gate })]);
  const answer = Promise.withResolvers<Judgement>();
  scene.answer = () => answer.promise;
  await clock.advance(5 * SECOND);
  assert.equal(looks[0]?.signal.aborted, false);
  await clock.advance(6 * SECOND);
  assert.equal(looks[0]?.signal.aborted, true);
  const [figures] = watching.figures();
  assert.deepEqual([figures?.verdict, figures?.reason], ['unknown', 'cannot look: no answer within 5000 ms']);
  await clock.advance(60 * SECOND);
  assert.equal(looks.length, 1);
  scene.answer = undefined;
  answer.resolve({ verdict: 'bad', value: null, reason: 'too late' });
  await clock.advance(10 * SECOND);
  assert.equal(looks.length, 2);
  assert.equal(watching.figures()[0]?.verdict, 'ok');
  const slow = Promise.withResolvers<Judgement>();
  scene.answer = () => slow.promise;
  await clock.advance(5 * SECOND);
  scene.lives += 1;
  slow.resolve({ verdict: 'bad', value: null, reason: 'of the life before' });
  await clock.advance(0);
  assert.equal(watching.figures()[0]?.verdict, null);
  assert.deepEqual(
    records.map(({ message }) => message),
    ['alive is unknown: cannot look: no answer within 5000 ms', 'alive is ok: it is ok'],
  );
  await watching.close();
});

test('outside of its hours it does not look; for the watch a life began with them', async () => {
  const hours = { days: [0, 1, 2, 3, 4, 5, 6], from: 60, to: 120, zone: 'UTC' };
  const { clock, looks, scene, watching } = createScene([settings({ hours })]);
  const [figures] = watching.figures();
  assert.equal(new Date(figures?.nextLookAt ?? 0).toISOString(), '2026-11-22T01:00:00.000Z');
  await clock.advance(3600 * SECOND);
  assert.equal(looks.length, 0);
  await clock.advance(60 * SECOND);
  assert.equal(looks.length, 6);
  assert.equal(looks[0]?.life.startedAt, scene.startedAt + 3600 * SECOND);
  await clock.advance(3600 * SECOND);
  assert.equal(looks.length, 360);
  await watching.close();
});

test('a bug in a watch is unknown, and does not end the daemon', async () => {
  const { clock, records, scene, watching } = createScene();
  scene.answer = () => Promise.reject(new Error('x is not a function'));
  await clock.advance(30 * SECOND);
  assert.equal(records[0]?.message, 'alive is unknown: cannot look: x is not a function');
  await watching.close();
});

test('after a restart of the daemon it goes on with its state, its ladder and its budget; a changed watch begins anew', async () => {
  const first = createScene();
  first.scene.see = 'bad';
  await first.clock.advance(15 * SECOND);
  await first.watching.close();
  const restored = first.saved.at(-1) as PersistedWatches;
  const again = createScene([settings(), settings({ name: 'new' })], restored);
  assert.deepEqual(
    again.watching.figures().map(({ state }) => state),
    ['bad', 'new'],
  );
  assert.equal(again.watching.restarts().length, 1);
  again.scene.see = 'ok';
  await again.clock.advance(5 * SECOND);
  assert.deepEqual(
    again.records.map(({ message }) => message),
    ['alive is ok: it is ok'],
  );
  await again.watching.close();
  const other = {
    ...restored.watches['alive'],
    fingerprint: 'another',
  } as PersistedWatches['watches'][string];
  const changed = createScene([settings()], { ...restored, watches: { alive: other } });
  assert.equal(changed.watching.figures()[0]?.state, 'new');
  await changed.watching.close();
});
