interface Token {
  readonly kind: 'user' | 'agent';
  readonly label: string;
  readonly created: number;
  readonly expires: number | null;
}

const DAY_MS = 86_400_000;

/** Whether it is the session of a browser: of a user, for 7 days at most, named after how somebody came in. */
export function isSession({ kind, label, created, expires }: Token): boolean {
  return (
    kind === 'user' &&
    (label === 'password' || label === 'login link') &&
    expires !== null &&
    expires - created <= 7 * DAY_MS
  );
}

/** Whether somebody has to make another one soon. @param now wall milliseconds. */
export function endsSoon(token: Token, now: number): boolean {
  return !isSession(token) && token.expires !== null && token.expires - now < 7 * DAY_MS;
}
