/** Shorter values are no secrets, and would tear words apart. */
const SHORTEST = 4;

/** A text without the secrets: longer ones first, so that none is left of one that holds another. */
export function redact(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets.toSorted((a, b) => b.length - a.length))
    if (secret.length >= SHORTEST) shown = shown.replaceAll(secret, '…');
  return shown;
}

/** What of an address may be a secret: many webhooks are known by their address alone. */
export function secretsOf(url: URL): readonly string[] {
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()];
  return [
    url.href,
    `${url.pathname}${url.search}`,
    ...(url.pathname.length > 1 ? [url.pathname] : []),
    url.password,
    ...parts.flatMap((part) => [part, decoded(part)]).filter(looksSecret),
  ];
}

/** A word of an address is one; what is long, or has digits in it, may be a token. */
function looksSecret(part: string): boolean {
  return part.length >= 16 || (part.length >= 8 && /\d/.test(part));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
