import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { tempFolder } from '../../../test/rig/leaks.ts';
import type { Ledger } from './ledger.ts';
import { openLedger } from './sqlite.ts';
import { BAD, type Claim, type InboxFile, OVER, type Task, type TaskDraft } from './types.ts';

/**
 * Whatever is written in whatever order, the counts that the ledger keeps are those of what it holds: a file of an inbox is open as long
 * as one of its tasks is, bad as long as one has failed; no two runs have one lock; what is claimed is what comes first.
 */

const OWNER = { boot: 'boot', pid: 1, startTicks: 1, life: 'life' };
const STEPS = ['A', 'G', 'B'] as const;
const KEYS = ['x', 'y'] as const;
/** Of each step: the most inputs of a task, and what takes its products. */
const MOST = { A: 1, G: 3, B: 2 } as const;
const NEXT = { A: 'G', G: 'B', B: undefined } as const;

function draftOf(step: (typeof STEPS)[number], key: string): TaskDraft {
  const grouped = step === 'G';
  return {
    step,
    key: grouped ? key : '',
    lock: grouped ? `G:${key}` : null,
    priority: step === 'B' ? 1 : 0,
    level: STEPS.indexOf(step) + 1,
    most: MOST[step],
    waitMs: step === 'B' ? 5 : 0,
    version: 1,
    stepHash: 'hash',
    vars: {},
  };
}

type Action =
  | { readonly do: 'arrive'; readonly name: number; readonly size: number }
  | { readonly do: 'claim'; readonly room: number }
  | {
      readonly do: 'end';
      readonly which: number;
      readonly as: 'skipped' | 'failed' | 'parked' | 'ready' | 'retry' | 'cut';
    }
  | { readonly do: 'succeed'; readonly which: number; readonly products: number; readonly failed: boolean }
  | { readonly do: 'retry' }
  | { readonly do: 'later' };

const which = fc.nat(5);
const ends = fc.constantFrom('skipped', 'failed', 'parked', 'ready', 'retry', 'cut');
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive'), name: fc.nat(6), size: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('claim'), room: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end'), which, as: ends }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('succeed'),
      which,
      products: fc.integer({ min: 1, max: 2 }),
      failed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('later') }) },
);

/** A ledger, the claims that are held, and the time. */
class World {
  readonly ledger: Ledger;
  claims: Claim[] = [];
  /** Claims of tasks that have ended, or were claimed again. */
  readonly old: Claim[] = [];
  now = 1000;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  #take(index: number): Claim | undefined {
    const claim = this.claims.splice(index % Math.max(1, this.claims.length), 1)[0];
    if (claim !== undefined) this.old.push(claim);
    return claim;
  }

  async act(what: Action): Promise<void> {
    this.now++;
    switch (what.do) {
      case 'arrive': {
        const drafts = [draftOf('A', '')];
        const file = {
          path: `f${what.name}`,
          ino: '1',
          size: what.size,
          mtimeNs: '1',
          settledAt: this.now,
          drafts,
        };
        await this.ledger.arrive('inbox', [file], this.now);
        return;
      }
      case 'claim':
        return this.#claim(what.room);
      case 'end':
        return this.#end(what.which, what.as);
      case 'succeed':
        return this.#succeed(what.which, what.products, what.failed);
      case 'retry':
        await this.ledger.retry({}, this.now);
        return;
      case 'later':
        this.now += 10;
        await this.ledger.promote(this.now);
    }
  }

  async #claim(room: number): Promise<void> {
    const ready = await this.ledger.tasks({ states: ['ready'], limit: 1000 });
    const got = await this.ledger.claim(OWNER, new Map(STEPS.map((step) => [step, 2])), room, this.now);
    const [first] = got;
    if (first !== undefined) {
      const held = new Set(this.claims.map(({ task }) => task.lock));
      const free = ready.filter(({ lock }) => lock === null || !held.has(lock)).toSorted(before);
      assert.equal(first.task.id, free[0]?.id, 'what comes first is claimed first');
    }
    this.claims.push(...got);
  }

  async #end(index: number, as: Extract<Action, { do: 'end' }>['as']): Promise<void> {
    const claim = this.#take(index);
    if (claim === undefined) return;
    const said = { exit: '1', error: 'why', log: null };
    const { task, files } = claim;
    if (as !== 'cut') {
      const due = as === 'retry' ? { due: this.now + 5 } : {};
      assert.ok(await this.ledger.end(claim, { state: as, ...due, ...said }, this.now));
      return;
    }
    const middle = Math.ceil(files.length / 2);
    const halves = [files.slice(0, middle), files.slice(middle)].filter((half) => half.length > 0);
    const drafts = halves.map((half) => ({
      draft: { ...draftOf(task.step as 'A', task.key), most: half.length },
      files: half.map(({ id }) => id),
      cutFrom: task.id,
    }));
    assert.ok(await this.ledger.end(claim, { state: 'cancelled', ...said, drafts }, this.now));
  }

  async #succeed(index: number, count: number, failed: boolean): Promise<void> {
    const claim = this.#take(index);
    if (claim === undefined) return;
    const { task, files } = claim;
    const step = task.step as (typeof STEPS)[number];
    const next = NEXT[step];
    const products = KEYS.slice(0, count).map((key) => ({
      path: `${step}/${step === 'G' ? task.key : files[0]?.path}-${key}`,
      ino: '1',
      size: 1,
      mtimeNs: String(this.now),
      sha256: 'hash',
      complete: true,
      final: null,
      removes: [],
      drafts: next === undefined ? [] : [draftOf(next, key)],
    }));
    const [first] = files;
    const alone = failed && files.length > 1 && first !== undefined;
    const drafts = alone
      ? [
          {
            draft: { ...draftOf(step, task.key), most: 1 },
            files: [first.id],
            cutFrom: task.id,
            failed: 'bad',
          },
        ]
      : [];
    const success = { state: 'done' as const, exit: '0', error: null, log: null, products, drafts };
    assert.ok(await this.ledger.succeed(claim, success, this.now));
    assert.equal(await this.ledger.succeed(claim, success, this.now), false, 'a task ends once');
  }

  /** What has to be true at any time. */
  async check(): Promise<void> {
    for (const claim of this.old.slice(-3)) {
      const ending = { state: 'failed' as const, exit: null, error: 'late', log: null };
      assert.equal(await this.ledger.end(claim, ending, this.now), false, 'an old runner ends nothing');
    }
    const tasks = await this.ledger.tasks({ limit: 10_000 });
    const counted = new Map<string, number>();
    for (const { step, state } of tasks)
      counted.set(`${step} ${state}`, (counted.get(`${step} ${state}`) ?? 0) + 1);
    const kept = (await this.ledger.tally()).map(({ step, state, count }): [string, number] => [
      `${step} ${state}`,
      count,
    ]);
    assert.equal(kept.length, counted.size);
    for (const [what, count] of kept) assert.equal(count, counted.get(what), what);
    const locks = tasks.filter(({ state }) => state === 'running').flatMap(({ lock }) => lock ?? []);
    assert.equal(new Set(locks).size, locks.length, 'two runs have one lock');
    for (let id = 1; ; id++) {
      const file = await this.ledger.file(id);
      if (file === undefined) break;
      if (file.kind === 'inbox')
        assert.equal(file.state, expected(await this.ledger.tasksOfRoot(id)), file.path);
    }
    for (const task of tasks)
      assert.equal(
        (await this.ledger.inputsOf(task.id)).length <= task.inputs,
        true,
        'no more inputs than were given',
      );
  }
}

function before(a: Task, b: Task): number {
  return b.priority - a.priority || a.order - b.order || b.level - a.level || a.id - b.id;
}

/** What a file of an inbox has come to, from all of its tasks. */
function expected(tasks: readonly Task[]): InboxFile['state'] {
  if (tasks.some(({ state }) => !OVER.includes(state))) return 'ready';
  if (!tasks.some(({ state }) => BAD.includes(state))) return 'done';
  if (tasks.some(({ state }) => state === 'parked')) return 'parked';
  return tasks.some(({ state }) => state === 'done' || state === 'warned') ? 'partial' : 'failed';
}

test('the counts and the order of a ledger are right, whatever is written in whatever order', async (t) => {
  const folder = tempFolder(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 100 }), async (actions) => {
      const own = join(folder, String(runs++));
      mkdirSync(own);
      const opened = openLedger(own, 'p');
      if (!opened.ok) throw opened.error;
      const world = new World(opened.value);
      try {
        for (const each of actions) {
          await world.act(each);
          await world.check();
        }
      } finally {
        await opened.value.close();
      }
    }),
    { numRuns: 30 },
  );
});
