/** Parts of a variable's name that say that its value is a secret. */
const SECRET =
  /^(?:key|keys|apikey|token|tokens|secret|secrets|password|passwords|passwd|passphrase|pass|pwd|pw|credential|credentials|auth|cookie|private|dsn|salt|signature|webhook)$/;
/** Last parts that say that it is something about a secret: a file, a lifetime. */
const HARMLESS =
  /^(?:file|path|dir|folder|id|ids|ttl|timeout|expiry|expires|expiration|length|size|bits|algorithm|alg|type|name|names|prefix|header|method|mode|enabled|disabled|required|host|port|user|username|interval|rounds|count|max|min|version|realm|issuer|domain|provider|strategy)$/;

/** Whether a variable's value has to be kept out of a config that people show around, by its name or by how it looks. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '' || /^(?:true|false|yes|no|on|off|null|none)$/i.test(value)) return false;
  if (hasCredentials(value) || value.includes('-----BEGIN ') || KNOWN_FORMS.test(value)) return true;
  const parts = partsOf(name);
  const last = parts.at(-1) ?? '';
  if (parts.includes('public') || HARMLESS.test(last)) return false;
  return parts.some((part) => SECRET.test(part)) && name !== 'PWD' && name !== 'OLDPWD';
}

/** Tokens of well-known services, by the prefixes that their makers publish for secret scanners. */
const KNOWN_FORMS =
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|sk_(?:live|test)_\w{10,}|sk-[\w-]{20,}|AKIA[A-Z0-9]{16}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.)/;

/** `scheme://user:password@host`. */
function hasCredentials(value: string): boolean {
  return /[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:[^\s/?#@]+@/i.test(value);
}

function partsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '');
}

/** What is said of a command with secrets in it. */
export function secretNotes(argv: readonly string[]): string[] {
  return secretWords(argv).map(
    (word) => `look: ${word} of its command seems to be a secret; every user of the machine can see it`,
  );
}

/** The words of a command line that look like secrets, without the secrets: `--token`. */
function secretWords(argv: readonly string[]): string[] {
  const words = argv.flatMap((word) => word.split(/\s+/));
  return words.flatMap((word, index) => {
    const [, option, value] = /^(-{0,2}[A-Za-z][\w-]*)=(.*)$/s.exec(word) ?? [];
    if (option !== undefined && value !== undefined) return looksSecret(option, value) ? [option] : [];
    const next = words[index + 1];
    if (
      /^--[a-z][\w-]*$/i.test(word) &&
      next !== undefined &&
      !next.startsWith('-') &&
      looksSecret(word, next)
    )
      return [word];
    return hasCredentials(word) ? ['an address'] : [];
  });
}
