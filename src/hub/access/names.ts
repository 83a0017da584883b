import { err, ok, type Result } from '../../core/result.ts';

const AGENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** A mail address will do. */
const USER = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

const AGENT_FORM = 'letters, digits and ._- (63 at most, a letter or digit first)';
const USER_FORM = 'letters, digits and ._@+- (128 at most, a letter or digit first)';

/** The name of an agent: what its records are stored under. The error is a sentence. */
export function checkAgentName(name: string): Result<string, string> {
  return AGENT.test(name)
    ? ok(name)
    : err(`cannot use ${shown(name)} as the name of an agent: it takes ${AGENT_FORM}`);
}

export function checkUserName(name: string): Result<string, string> {
  return USER.test(name)
    ? ok(name)
    : err(`cannot use ${shown(name)} as the name of a user: it takes ${USER_FORM}`);
}

/** What a token is for, in words of a person. The error is a sentence. */
export function checkLabel(label: string): Result<string, string> {
  if (label.length > 200) return err('cannot use a label of more than 200 characters');
  return /[\p{Cc}\p{Cf}]/u.test(label)
    ? err(`cannot use the label ${shown(label)}: it has control characters`)
    : ok(label);
}

function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
