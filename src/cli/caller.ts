import { userInfo } from 'node:os';

/** Who calls, for the record: the user's name, behind sudo the one of the person. */
export function callerName(): string {
  const person = process.env['SUDO_USER'] ?? '';
  if (process.getuid?.() === 0 && person !== '') return person;
  try {
    return userInfo().username;
  } catch {
    // A user that no table names, as in many containers.
    return `user ${process.getuid?.() ?? '?'}`;
  }
}
