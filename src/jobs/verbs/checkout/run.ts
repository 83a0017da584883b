import { join } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { asError } from '../../../core/result.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { createTally, failed, noteTrouble, type Tally } from '../../files/outcome.ts';
import { type Programs, runProgram } from '../../program.ts';
import { commandWords } from '../../command-option.ts';
import { type Choice, choose } from './choosing.ts';
import { createGit, type Git } from './git.ts';
import { CHECKOUT_DEFAULTS, type CheckoutOptions } from './options.ts';
import {
  clearPending,
  currentName,
  listVersions,
  openStore,
  pendingName,
  removeTemporary,
  setPending,
  switchTo,
  versionName,
} from './store.ts';
import {
  type Bench,
  changedFiles,
  fetchVersion,
  makeRepository,
  makeVersion,
  removeVersion,
} from './working-copies.ts';

/** So much of what on-change says is kept, bytes. */
const MOST_OUTPUT = 262_144;

/** What a test puts in the place of the disk, and of git. */
export interface Means {
  readonly files?: Files;
  readonly git?: (git: Git) => Git;
}

interface Course extends Bench {
  readonly options: CheckoutOptions;
  readonly context: VerbContext;
  readonly tally: Tally;
}

/** Has `current` lead to a working copy of the wanted version. */
export async function runCheckout(
  options: CheckoutOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const { clock, signal, env, dryRun } = context;
  const files = means.files ?? disk;
  const programs: Programs = { env: { ...env }, cwd: '/', clock, signal };
  const git = createGit(options, programs);
  const tally = createTally(context.say);
  try {
    const versionFile = options['version-file'] ?? CHECKOUT_DEFAULTS.versionFile;
    const store = await openStore(options.root, versionFile, files, dryRun);
    if (!store.ok) return failed(store.error);
    const bench: Bench = { store: store.value, git: means.git?.(git) ?? git, files, programs };
    return tally.outcome(await checkout({ ...bench, options, context, tally }));
  } catch (thrown) {
    if (signal.aborted) tally.end('partly', 'the run was told to end');
    else noteTrouble(thrown, undefined, tally);
    return tally.outcome('not checked out');
  }
}

/** @returns the summary. */
async function checkout(course: Course): Promise<string> {
  const { git, options, store, context, tally } = course;
  const fail = (why: string): string => {
    tally.end('failed', why);
    return 'not checked out';
  };
  const chosen = await choose(git, options);
  if (!chosen.ok) return fail(chosen.error);
  const before = await currentName(store);
  const isSame = before === versionName(chosen.value) && (await isWhole(course, before));
  if (before !== undefined) {
    const changed = await changedFiles(course, before);
    if (!changed.ok) return fail(changed.error);
    for (const path of changed.value) tally.refuse(path, 'it was changed here, in `current`');
    if (changed.value.length > 0 && !isSame)
      return fail('what was changed in `current` would be gone from there');
  }
  if (context.dryRun) return sayPlan(course, chosen.value, isSame ? undefined : (before ?? ''));
  await removeTemporary(store, course.files);
  if (!isSame) {
    const made = await bring(course, chosen.value);
    if (!made.ok) return fail(made.error);
  }
  const now = (await currentName(store)) ?? '';
  const told = await tellChange(course, now, before);
  if (told !== undefined) return fail(told);
  await removeOld(course, now);
  if (isSame) return `${chosen.value.name} is checked out: nothing to do`;
  tally.add('changes');
  return `checked out ${shown(chosen.value)}${before === undefined ? '' : ` in place of ${before}`}`;
}

function shown({ kind, name, commit }: Choice): string {
  return `${kind === 'branch' ? `${name} at ` : `${name}, `}${commit.slice(0, 12)}`;
}

async function isWhole({ store }: Course, name: string): Promise<boolean> {
  return (await listVersions(store)).whole.some((version) => version.name === name);
}

function sayPlan({ context, options, store }: Course, choice: Choice, before: string | undefined): string {
  if (before === undefined) return `${choice.name} is checked out: nothing to do`;
  context.say(`would fetch ${shown(choice)} from ${options.from}`);
  const instead = before === '' ? '' : ` in place of ${before}`;
  context.say(`would have ${store.current} lead to versions/${versionName(choice)}${instead}`);
  if (options['on-change'] !== undefined) context.say('would run the command of on-change there');
  return `would check out ${shown(choice)}${instead}`;
}

type Brought = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** Fetches a version, makes its working copy, and has `current` lead there. */
async function bring(course: Course, chosen: Choice): Promise<Brought> {
  const { context, options, store, files } = course;
  const made = await makeRepository(course);
  if (!made.ok) return made;
  context.progress({ done: 0, total: 3, what: `fetch ${chosen.name}` });
  const fetched = await fetchVersion(course, options.from, chosen);
  if (!fetched.ok) return fetched;
  // It may have moved since it was asked for.
  const choice: Choice = { ...chosen, commit: fetched.value };
  const name = versionName(choice);
  context.progress({ done: 1, total: 3, what: `make ${name}` });
  const isThere = await isWhole(course, name);
  if (isThere) {
    const changed = await changedFiles(course, name);
    if (!changed.ok) return changed;
    const [first] = changed.value;
    if (first !== undefined)
      return { ok: false, error: `versions/${name}, which is to come back, was changed here: ${first}` };
  } else {
    const copy = await makeVersion(course, choice);
    if (!copy.ok) return copy;
  }
  context.progress({ done: 2, total: 3, what: `switch to ${name}` });
  if (options['on-change'] !== undefined) await setPending(store, name, files);
  await switchTo(store, name, files);
  context.say(`${store.current} leads to versions/${name}`);
  return { ok: true };
}

/** Runs the command for a change that is pending. @returns why it failed. */
async function tellChange(
  { options, context, programs, store, files }: Course,
  name: string,
  before: string | undefined,
): Promise<string | undefined> {
  const pending = await pendingName(store);
  if (pending === undefined) return undefined;
  const command = options['on-change'];
  if (pending === name && command !== undefined) {
    const words = commandWords(command);
    if (!words.ok) return words.error;
    const deadlineMs = options.deadline ?? CHECKOUT_DEFAULTS.deadlineMs;
    const env = {
      ...programs.env,
      VAHTI_VERSION: name,
      VAHTI_PREVIOUS: before === name ? '' : (before ?? ''),
    };
    const cwd = join(store.versions, name);
    const lines: Buffer[] = [];
    let bytes = 0;
    const output = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= MOST_OUTPUT) lines.push(piece);
    };
    const { exit, said } = await runProgram(
      { argv: words.value, idleMs: deadlineMs, deadlineMs, output },
      { ...programs, env, cwd },
    );
    for (const line of Buffer.concat(lines).toString('utf8').split('\n').slice(0, 1000))
      if (line !== '') context.say(line);
    for (const line of said) context.say(line);
    if (exit.kind === 'failed') return exit.error;
    if (exit.kind !== 'exited' || exit.code !== 0) {
      const how = exit.kind === 'exited' ? `ended with code ${exit.code}` : 'did not come to its end';
      return `${name} is checked out, but the command of on-change ${how}; the next run tries it again`;
    }
  }
  await clearPending(store, files);
  return undefined;
}

/** Removes working copies that are too many; what was changed in one keeps it. */
async function removeOld(course: Course, now: string): Promise<void> {
  const { store, options, context, tally } = course;
  const { whole, broken } = await listVersions(store);
  const old = whole.filter(({ name }) => name !== now).slice(options.keep ?? CHECKOUT_DEFAULTS.keep);
  for (const name of [...broken.filter((each) => each !== now), ...old.map((version) => version.name)]) {
    try {
      const changed = broken.includes(name)
        ? { ok: true as const, value: [] }
        : await changedFiles(course, name);
      if (!changed.ok) tally.refuse(`versions/${name}`, `it stays: ${changed.error}`);
      else if (changed.value.length > 0)
        tally.refuse(
          `versions/${name}`,
          `it stays: ${changed.value.slice(0, 3).join(', ')} was changed here`,
        );
      else {
        await removeVersion(course, name);
        context.say(`removed versions/${name}`);
        tally.add('removed');
      }
    } catch (thrown) {
      if (context.signal.aborted) throw thrown;
      tally.refuse(`versions/${name}`, asError(thrown).message);
    }
  }
}
