import { resolve } from 'node:path';
import { failed } from '../../files/outcome.ts';
import type { VerbFacts, VerbKind } from '../../../core/verb.ts';
import { commandProblems } from '../../command-option.ts';
import { sshOptionProblems } from '../../far/options.ts';
import { hasPassword, isBranchName, wayOf, withoutPassword } from './address.ts';
import { type CheckoutOptions, checkoutOptions } from './options.ts';

/** `checkout: DIR`: has a working copy of a git repository on the latest tag or a branch; readers see one version or the next. */
export const checkoutKind: VerbKind<CheckoutOptions> = {
  verb: 'checkout',
  main: 'root',
  options: checkoutOptions,
  paths: ['root', 'from', 'identity'],
  problems: problemsOf,
  open: (options) => ({
    async run(context) {
      // What is set for one run alone was not checked with the config.
      const [problem] = problemsOf(options, context);
      if (problem !== undefined) return failed(problem);
      const { runCheckout } = await import('./run.ts');
      return runCheckout(options, context);
    },
  }),
};

function problemsOf(options: CheckoutOptions, { folder }: Pick<VerbFacts, 'folder'>): readonly string[] {
  const { from, tag, branch } = options;
  const found: string[] = [];
  const address = /^[.\w][^:]*$/.test(from) ? resolve(folder, from) : from;
  const way = wayOf(address);
  if (way === undefined)
    found.push(
      `cannot use the address ${JSON.stringify(withoutPassword(from))}: write https://…, ssh://…, USER@HOST:PATH, file://…, or a folder`,
    );
  if (hasPassword(from))
    found.push(
      'cannot use an address with a password in it, which others would see: use ssh, or git’s credential helpers',
    );
  if ((tag === undefined) === (branch === undefined))
    found.push('cannot tell which version is meant: write either `tag` or `branch`');
  if (branch !== undefined && !isBranchName(branch))
    found.push(`cannot use the branch ${JSON.stringify(branch)}: that is no name of one`);
  const file = options['version-file'];
  if (file !== undefined && !/^(?!-|\.git$|\.\.?$)[^/\0\n]+$/.test(file))
    found.push(`cannot use the version-file ${JSON.stringify(file)}: write the name of a file`);
  if (way === 'other')
    for (const key of ['identity', 'ssh-options'] as const)
      if (options[key] !== undefined) found.push(`cannot use ${key}: the repository is not reached by ssh`);
  if (options['on-change'] !== undefined) found.push(...commandProblems(options['on-change'], undefined));
  return [...found, ...sshOptionProblems(options['ssh-options'] ?? [])];
}
