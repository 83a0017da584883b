import * as v from 'valibot';
import { duration, integer, text } from '../../../core/fields.ts';
import { command } from '../../command-option.ts';

export const CHECKOUT_DEFAULTS = { keep: 2, deadlineMs: 600_000, versionFile: 'VERSION.TXT' } as const;

export const checkoutOptions = v.strictObject({
  root: v.pipe(
    text('a folder'),
    v.description(
      'The folder of the working copies; it is made where it is missing, and must be empty at first. Readers use `current` in it.',
    ),
  ),
  from: v.pipe(
    text('the address of a git repository'),
    v.description('The repository: https://…, ssh://…, USER@HOST:PATH, file://…, or a folder here.'),
  ),
  tag: v.pipe(
    v.optional(text('latest, or a pattern of tags such as v*')),
    v.description(
      'The latest tag by its version (1.10 comes after 1.9, 1.0-rc1 before 1.0), of all (latest) or of those that match a pattern such as v*.',
    ),
  ),
  branch: v.pipe(
    v.optional(text('the name of a branch')),
    v.description('The branch whose last commit is checked out. Either this or `tag`.'),
  ),
  keep: v.pipe(
    v.optional(integer(0, 1000)),
    v.description('How many earlier working copies stay, to go back to (default 2).'),
  ),
  'on-change': v.pipe(
    v.optional(command(['systemctl reload importer.service', ['sh', '-c', 'make -s install']])),
    v.description(
      'A command that is run in the new working copy after `current` leads to it. Where it fails, the run has failed, and the next one tries it again.',
    ),
  ),
  'version-file': v.pipe(
    v.optional(text('the name of a file')),
    v.description('What the file is called that says which version it is (default VERSION.TXT).'),
  ),
  deadline: v.pipe(
    v.optional(duration),
    v.description('How long each call of git, and `on-change`, may take (default 10m).'),
  ),
  identity: v.pipe(
    v.optional(text('the path of a private key')),
    v.description('The private key that ssh shows; it must need no passphrase. By default ssh’s own.'),
  ),
  'ssh-options': v.pipe(
    v.optional(v.array(text('an option of ssh such as Port=2222'))),
    v.description(
      'Options of ssh, as in ssh_config: Port=2222. The far side’s key must be known in any case.',
    ),
    v.metadata({
      form: 'a list of options of ssh such as Port=2222',
      json: { type: 'array', items: { type: 'string', minLength: 1 }, examples: [['Port=2222']] },
    }),
  ),
});

export type CheckoutOptions = v.InferOutput<typeof checkoutOptions>;
