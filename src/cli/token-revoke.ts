import { didYouMean } from '../core/suggest.ts';
import type { By } from '../hub/access/audit-log.ts';
import { type AccessStore, lockedOutText } from '../hub/access/store.ts';
import { CommandError } from './exit-codes.ts';
import { withAccessStore } from './hub-access.ts';
import type { JsonOption } from './options.ts';
import { printJson } from './output.ts';

/** Ends what a person names. */
export async function revoke(what: string, { config, json }: JsonOption): Promise<void> {
  await withAccessStore(config, (store, by) => {
    const done = revokeOne(store, what, by);
    if (json) printJson({ revoked: done });
    else process.stdout.write(`${done}\n`);
  });
}

/** Says what was ended. An id and names may look alike: then nothing is. */
function revokeOne(store: AccessStore, what: string, by: By): string {
  const [, kind, rest] = /^(agent|user)\/(.*)$/.exec(what) ?? [];
  const name = rest ?? what;
  const token = kind === undefined ? store.tokens.get(what) : undefined;
  const codes = store.codes.list();
  const code = kind === undefined ? codes.find(({ id }) => id === what) : undefined;
  const isExpected = codes.some((each) => each.kind === 'enrolment' && each.whose === name);
  const isAgent = kind !== 'user' && (isExpected || store.tokens.isAgent(name));
  const isUser = kind !== 'agent' && store.users.get(name) !== undefined;
  const meanings = [token !== undefined, code !== undefined, isAgent, isUser].filter(Boolean).length;
  if (meanings > 1)
    throw new CommandError('usage', `cannot tell what ${what} is: write agent/${name} or user/${name}`);
  if (token !== undefined) {
    const isNew = store.tokens.revoke(what, by);
    return `token ${what} of ${token.kind} ${token.whose} ${isNew ? 'is revoked' : 'was revoked before'}`;
  }
  if (code !== undefined) {
    store.codes.revoke(what, by);
    return `code ${what} is revoked`;
  }
  if (!isAgent && !isUser) throw unknown(store, what);
  const whose = isAgent ? 'agent' : 'user';
  return `${whose} ${name}: ${lockedOutText(store.lockOut(whose, name, by))}`;
}

function unknown(store: AccessStore, what: string): CommandError {
  const known = [
    ...store.tokens.list(true).map(({ id }) => id),
    ...store.tokens.agents(),
    ...store.users.list().map(({ name }) => name),
  ];
  return new CommandError(
    'unknown',
    `cannot find a token, agent or user ${JSON.stringify(what)}${didYouMean(what, known)}`,
  );
}
