import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { systemClock } from '../../src/core/clock.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { checkoutOptions } from '../../src/jobs/verbs/checkout/options.ts';
import { type Means, runCheckout } from '../../src/jobs/verbs/checkout/run.ts';
import { leakCheck, testStateId } from './leaks.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';

/** Why tests with a real git are skipped; false where it is there. */
export const NO_GIT =
  spawnSync('git', ['--version']).error === undefined
    ? false
    : 'there is no git on this machine (Debian: apt-get install git)';

/** Nobody's settings, and the same author each time. */
const ENV = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '2026-11-20T12:00:00Z',
  GIT_COMMITTER_DATE: '2026-11-20T12:00:00Z',
};

export interface Repository {
  readonly path: string;
  git(...words: readonly string[]): string;
  /** Writes files, commits them, and tags that. Undefined content removes a file. Answers with the commit. */
  commit(files: Readonly<Record<string, string | undefined>>, tag?: string): string;
}

function createRepository(path: string): Repository {
  mkdirSync(path, { recursive: true });
  const git = (...words: readonly string[]): string => {
    const done = spawnSync('git', words, { cwd: path, env: ENV, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`git ${words.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
  };
  git('init', '--quiet', '--initial-branch=main', '.');
  return {
    path,
    git,
    commit(files, tag) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        if (text === undefined) rmSync(join(path, name));
        else writeFileSync(join(path, name), text);
      }
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', tag ?? 'change');
      if (tag !== undefined) git('tag', '--annotate', '--message', tag, tag);
      return git('rev-parse', 'HEAD');
    },
  };
}

export interface CheckoutRig {
  readonly base: string;
  /** The folder of the working copies. */
  readonly root: string;
  readonly there: Repository;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A repository, a folder for working copies of it, and the verb at work on both. */
export function checkoutRig(t: TestContext): CheckoutRig {
  leakCheck(t);
  const base = memoryFolder(t);
  const root = join(base, 'conf');
  const there = createRepository(join(base, 'there'));
  const ledger = rigLedger(t, base);
  return {
    base,
    root,
    there,
    async run(options = {}, { means, ...more } = {}) {
      const { PATH, GIT_CONFIG_GLOBAL, GIT_CONFIG_NOSYSTEM } = ENV;
      const env = {
        PATH,
        GIT_CONFIG_GLOBAL,
        GIT_CONFIG_NOSYSTEM,
        HOME: base,
        VAHTI_LIFE: `${testStateId}/checkout`,
      };
      const given = verbContext(ledger, base, { job: 'checkout', env, clock: systemClock, ...more });
      const what = 'branch' in options ? {} : { tag: 'latest' };
      const written = { root, from: `file://${there.path}`, ...what, ...options };
      const outcome = await runCheckout(v.parse(checkoutOptions, written), given, means);
      return { ...outcome, said: given.said };
    },
  };
}
