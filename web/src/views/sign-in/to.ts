/** Views that lead nowhere once somebody is in, and what is no view. */
const NOT = /^\/(sign-in|login|api|ws)([/?]|$)/;

/**
 * Where somebody is led after signing in: a path of this page, never of another place.
 * @param text what stands behind `?to=`. @param origin of the page.
 */
export function safeTo(text: string | null, origin: string): string {
  if (text === null || !/^\/(?![/\\])/.test(text) || NOT.test(text) || !URL.canParse(text, origin))
    return '/';
  const url = new URL(text, origin);
  return url.origin === origin && !NOT.test(url.pathname) ? url.pathname + url.search : '/';
}
