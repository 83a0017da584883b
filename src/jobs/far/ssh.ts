import type { FarTrouble } from './far.ts';

/** As they are written in the config. */
export interface SshOptions {
  readonly identity?: string | undefined;
  readonly 'ssh-options'?: readonly string[] | undefined;
}

/** Ours come first where nothing may change them (of an option that is given twice ssh takes the first), last where they are defaults. */
const FIXED = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'ControlMaster=no', 'ForwardAgent=no'];
const DEFAULTS = [
  'ConnectTimeout=20',
  'ConnectionAttempts=1',
  'ServerAliveInterval=15',
  'ServerAliveCountMax=4',
];

/** The ssh that every connection is made with, without the host. It never asks a person, and never takes a far side that it does not know. */
export function sshWords({ identity, 'ssh-options': own = [] }: SshOptions): readonly string[] {
  const options = [...FIXED, ...own, ...DEFAULTS].flatMap((option) => ['-o', option]);
  const key = identity === undefined ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes'];
  return ['ssh', '-T', '-x', ...key, ...options];
}

/** For a shell: one word, whatever it holds. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** For rsync's -e, which splits at blanks and knows quotes of its own: within them a doubled one is one. */
export function rsyncShellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`))
    .join(' ');
}

/** What ssh means by its exit code 255. */
export function sshTrouble(host: string, said: readonly string[]): FarTrouble {
  const text = said.join('\n');
  const last = said.findLast((line) => !/^(Warning: Permanently added|rsync:|rsync error)/.test(line)) ?? '';
  if (
    /host key verification failed|no .* host key is known|REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(text)
  ) {
    const why = /HAS CHANGED/.test(text)
      ? 'has another host key than it had'
      : 'is not known by its host key';
    return { reason: `${host} ${why}: check it, and put it into known_hosts`, passing: false };
  }
  if (/permission denied/i.test(text))
    return { reason: `${host} does not let us in: ${last}`, passing: false };
  if (
    /identity file .* not accessible|invalid format|bad configuration option|unsupported option|command-line: line/i.test(
      text,
    )
  )
    return { reason: `ssh cannot use its options: ${last}`, passing: false };
  // ssh says nothing where the far program was killed.
  const reason = last === '' ? `the connection to ${host} broke off` : `${host} cannot be reached: ${last}`;
  return { reason, passing: true };
}
