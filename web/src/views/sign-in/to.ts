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
  // What is left of `/.//place` begins with two slashes.
  const isOwn = url.origin === origin && !url.pathname.startsWith('//');
  return isOwn && !NOT.test(url.pathname) ? url.pathname + url.search : '/';
}
