import * as v from 'valibot';
import { type FieldFacts, size, text } from '../../core/fields.ts';

const MOST_LIST = 10_000;

/** One text, or a list of them; as a list. */
export function list(form: string, examples: readonly unknown[]) {
  const message = `cannot use this value: write ${form}, or a list of them`;
  return v.pipe(
    v.union(
      [
        v.pipe(
          text(form),
          v.transform((one): string[] => [one]),
        ),
        v.pipe(v.array(text(form)), v.minLength(1, message), v.maxLength(MOST_LIST, message)),
      ],
      message,
    ),
    v.metadata({
      form: `${form}, or a list of them`,
      json: {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: MOST_LIST },
        ],
        examples,
      },
    } satisfies FieldFacts),
  );
}

/** A text of one shape. */
export function shaped(form: string, shape: RegExp, examples: readonly string[]) {
  const message = `cannot use this value: write ${form}`;
  return v.pipe(
    v.string(message),
    v.regex(shape, message),
    v.metadata({
      form,
      json: { type: 'string', pattern: shape.source, examples },
    } satisfies FieldFacts),
  );
}

/** How rsync and ssh reach a far side, and what the files get there. */
export const farOptions = {
  group: v.pipe(
    v.optional(shaped('the name or number of a group', /^[A-Za-z0-9_][\w.-]*$/, ['www-data'])),
    v.description('The group that the files get there (rsync only). By default the one of who writes them.'),
  ),
  permissions: v.pipe(
    v.optional(
      shaped(
        'permissions such as D2775,F664 or g+rw',
        /^[DF]?([0-7]{3,4}|[ugoa]*[-+=][rwxXst]*)(,[DF]?([0-7]{3,4}|[ugoa]*[-+=][rwxXst]*))*$/,
        ['D2775,F664', 'g+rw,o-rwx'],
      ),
    ),
    v.description(
      'The permissions that folders (D) and files (F) get there (rsync only). By default those from here.',
    ),
  ),
  bandwidth: v.pipe(v.optional(size), v.description('How much is sent a second at the most, such as 10M.')),
  identity: v.pipe(
    v.optional(text('the path of a private key')),
    v.description('The private key that ssh shows; it must need no passphrase. By default ssh’s own.'),
  ),
  'ssh-options': v.pipe(
    v.optional(list('an option of ssh such as Port=2222', [['Port=2222', 'ProxyJump=gate']])),
    v.description(
      'Options of ssh, as in ssh_config: Port=2222. The far side’s key must be known in any case.',
    ),
  ),
} as const;

const SSH_OPTION = /^[A-Za-z]+[= ]\S.*$/;
/** What no option may change: who is spoken to, and that nobody is asked anything. */
const FIXED = new Set(['stricthostkeychecking', 'batchmode', 'controlmaster', 'controlpersist']);

/** What is wrong with options of ssh. */
export function sshOptionProblems(options: readonly string[]): readonly string[] {
  return options.flatMap((option) => {
    const shown = JSON.stringify(option);
    if (!SSH_OPTION.test(option) || /[\r\n\0]/.test(option))
      return [`cannot use the option ${shown} of ssh: write NAME=VALUE`];
    const name = option.split(/[= ]/)[0] ?? '';
    return FIXED.has(name.toLowerCase())
      ? [`cannot use the option ${shown} of ssh: ${name} is fixed here`]
      : [];
  });
}
