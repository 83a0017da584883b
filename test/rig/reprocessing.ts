import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { draftReprocess, type ReprocessDraft, runReprocess } from '../../src/app/pipeline/reprocess.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { ok } from '../../src/core/result.ts';
import type { Reprocess } from '../../src/pipeline/reprocess/reduced-plan.ts';
import type { Reprocessed } from '../../src/pipeline/reprocess/run.ts';
import type { SelectionOptions } from '../../src/pipeline/reprocess/selection.ts';
import { leakCheck } from './leaks.ts';
import { planOf, type PipelineInput, type PipelineRig, pipelineRig } from './pipeline.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];

/** A file to a copy; copies of a service to one file that grows; that to its number of lines. */
export const REPROCESSED: PipelineInput = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  parallel: 4,
  steps: {
    LB: {
      from: 'inbox',
      run: sh(
        'if grep -q bad "$1"; then exit 1; fi; echo "LB $3" >> "$TRACE"; cp "$1" "$2/$3.lb"',
        '{in}',
        '{out}',
        '{stem}_V{version}',
      ),
      to: 'LB/{name}',
      concurrency: 2,
    },
    L0: {
      from: 'LB',
      names: '{svc}-{n}_V{v}.lb',
      key: '{svc}',
      each: 'group',
      merge: true,
      run: sh(
        'echo "L0 $4" >> "$TRACE"; cat $(cat "$1") $(ls "$2" 2> /dev/null) | sort -u > "$3/$4_V$5.l0"',
        '{list}',
        '{target}',
        '{out}',
        '{key}',
        '{version}',
      ),
      to: 'L0/{name}',
    },
    L1: {
      from: 'L0',
      run: sh('echo "L1 $3 $K" >> "$TRACE"; wc -l < "$1" > "$2/$3.l1"', '{in}', '{out}', '{stem}'),
      to: 'L1/{name}',
      env: { K: 'usual' },
    },
  },
};

/** A pipeline that has worked on some files. */
export async function filled(t: TestContext, names = ['a-1', 'a-2', 'b-1']): Promise<PipelineRig> {
  leakCheck(t);
  const rig = pipelineRig(t, REPROCESSED);
  for (const name of names) rig.deliver(`${name}.in`, `${name}\n`);
  await rig.work();
  return rig;
}

const ALL: Reprocess = { without: [], set: {} };

function targetOf(rig: PipelineRig) {
  const folder = join(rig.folder, 'state');
  const socket = join(folder, 'none.sock');
  return { name: 'p', plan: planOf(rig.folder, REPROCESSED), folder, socket, state: folder };
}

/** What would be run again. */
export async function draft(
  rig: PipelineRig,
  asked: Partial<Reprocess> = {},
  selected: SelectionOptions = {},
): Promise<ReprocessDraft> {
  const drafted = await draftReprocess(targetOf(rig), { ...ALL, ...asked }, selected);
  if (!drafted.ok) throw new Error(drafted.error);
  return drafted.value;
}

/** Runs it again, while no service does. */
export async function again(
  rig: PipelineRig,
  asked: Partial<Reprocess> = {},
  selected: SelectionOptions & { readonly clean?: boolean } = {},
): Promise<Reprocessed> {
  const drain = new AbortController().signal;
  const request = {
    draft: await draft(rig, asked, selected),
    clean: selected.clean === true,
    cwd: rig.folder,
    configFile: join(rig.folder, 'vahti.yaml'),
    environment: { PATH: process.env['PATH'], TRACE: join(rig.folder, 'trace') },
    waits: () => {},
    before: async () => ok(undefined),
  };
  const scope = { drain, stop: drain, ready: () => {}, clock: systemClock, log: silentLog };
  const done = await runReprocess(request, scope);
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

/** What was traced since. */
export function since(rig: PipelineRig, before: readonly string[]): readonly string[] {
  return rig.trace().slice(before.length);
}

/** Why it would not be run. */
export async function refusal(rig: PipelineRig, asked: Partial<Reprocess>): Promise<string> {
  const drafted = await draftReprocess(targetOf(rig), { ...ALL, ...asked }, {});
  assert.equal(drafted.ok, false);
  return drafted.ok ? '' : drafted.error;
}
