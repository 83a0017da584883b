import { isAbsolute } from 'node:path';

/** `USER@HOST:PATH`, as scp writes it. */
const SCP = /^([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9_][\w.-]*:(?!\/\/|:)\S/;
const URL_FORM = /^(https?|ssh|git|file):\/\/(?!-)\S+$/;

export type Way = 'ssh' | 'other';

/** How a repository is reached; undefined where it is no address that git is given: never an option, never a program. */
export function wayOf(from: string): Way | undefined {
  if (/[\0-\x1f]/.test(from) || from.startsWith('-')) return undefined;
  if (URL_FORM.test(from)) return from.startsWith('ssh://') ? 'ssh' : 'other';
  if (isAbsolute(from)) return 'other';
  return SCP.test(from) ? 'ssh' : undefined;
}

/** Whether a password stands in it: that would be seen in the list of processes. */
export function hasPassword(from: string): boolean {
  return /^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(from);
}

/** For messages. */
export function withoutPassword(from: string): string {
  return from.replace(/(\/\/[^/@:]*):[^/@]*@/, '$1:…@');
}

/** What git-check-ref-format(1) says of a branch. */
export function isBranchName(name: string): boolean {
  return (
    !/[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(?:\/|$)/.test(name) &&
    name !== '@' &&
    name !== ''
  );
}
