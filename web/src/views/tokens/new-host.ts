/** What is written where, for a new host to send its records here. */

/** @param origin of this page: `https://hub.example`. */
export function linkAddress(origin: string): string {
  return origin.replace(/^http/, 'ws');
}

/** A name in a shell, quoted where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** On the host: the token goes into a file that only its owner can read. */
export function tokenLines(token: string): string {
  return `(umask 077; printf '%s\\n' ${shellWord(token)} > hub-token)`;
}

export function configLine(origin: string): string {
  return `hub: { url: "${linkAddress(origin)}", token: "file:hub-token" }`;
}

/** Makes a token on the host itself. @param agent empty: the name is to be filled in. */
export function enrolLine(origin: string, code: string, agent: string): string {
  const body = JSON.stringify({ code, agent: agent === '' ? 'NAME' : agent });
  return `curl -d ${shellWord(body)} ${shellWord(`${origin}/api/enroll`)}`;
}

/** Names of agents as they are written: parted by commas or spaces. */
export function agentsIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((each) => each !== ''))];
}
