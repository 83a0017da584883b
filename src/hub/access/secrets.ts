import { hash, randomBytes } from 'node:crypto';

/** What a secret is for; its text says it, so that people and scanners of repositories recognise it. */
export type SecretKind = 'agent' | 'user' | 'session' | 'enrolment' | 'link';

const PREFIXES: Readonly<Record<SecretKind, string>> = {
  agent: 'vahti_a_',
  user: 'vahti_u_',
  session: 'vahti_s_',
  enrolment: 'vahti_e_',
  link: 'vahti_l_',
};

/** Crockford's base 32, small: no letter looks like a digit, and a double click selects all of it (crockford.com/base32.html). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SECRET_BYTES = 32;
const SECRET_LETTERS = 52;
/** 80 bits: somebody has to type it, it lasts for an hour, and wrong ones are limited. */
const CODE_LETTERS = 16;
const ID_LETTERS = 10;

/** A token that did not exist before. An enrolment code is short and in groups. */
export function newSecret(kind: SecretKind): string {
  if (kind !== 'enrolment') return PREFIXES[kind] + base32(randomBytes(SECRET_BYTES));
  const letters = randomLetters(CODE_LETTERS);
  return PREFIXES.enrolment + (letters.match(/.{4}/g) ?? []).join('-');
}

/** What a token is called where it must not be shown: in lists, in the audit. */
export function newId(): string {
  return randomLetters(ID_LETTERS);
}

/** What a text is a token of; undefined where it is none. */
export function kindOfSecret(text: string): SecretKind | undefined {
  const known = KINDS.get(text.slice(0, 8));
  if (known === undefined) return undefined;
  return (known === 'enrolment' ? ENROLMENT_CODE : LONG_SECRET).test(text.slice(8)) ? known : undefined;
}

const KINDS = new Map(Object.entries(PREFIXES).map(([kind, prefix]) => [prefix, kind as SecretKind]));
const LONG_SECRET = new RegExp(`^[${ALPHABET}]{${SECRET_LETTERS}}$`);
const ENROLMENT_CODE = new RegExp(`^[${ALPHABET}]{4}(?:-[${ALPHABET}]{4}){3}$`);

/** What is stored of a secret. It is random and long: without it nobody finds one that gives the same, and a look-up tells nothing. */
export function hashOfSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** An enrolment code as it was made, out of what a person typed: in capitals, without dashes or its beginning, O for 0, I and L for 1. */
export function readEnrolmentCode(typed: string): string | undefined {
  const letters = typed
    .trim()
    .toLowerCase()
    .replace(/^vahti_e_/, '')
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1');
  const code = PREFIXES.enrolment + (letters.match(/.{1,4}/g) ?? []).join('-');
  return kindOfSecret(code) === 'enrolment' ? code : undefined;
}

function randomLetters(count: number): string {
  // 256 is a multiple of 32: no letter is likelier than another.
  return [...randomBytes(count)].map((byte) => ALPHABET[byte % 32]).join('');
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let [bits, count] = [0, 0];
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xffff;
    for (count += 8; count >= 5; count -= 5) text += ALPHABET[(bits >> (count - 5)) & 31];
  }
  return count > 0 ? text + ALPHABET[(bits << (5 - count)) & 31] : text;
}
