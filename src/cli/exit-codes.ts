/** Every exit code of `vahti`, and what it means. The reference page is made from this table. */
export const EXIT = {
  ok: { code: 0, meaning: 'Done, or stopped as asked.' },
  failed: { code: 1, meaning: 'It could not be done; the message says why.' },
  usage: {
    code: 2,
    meaning:
      'The command line or the config is wrong. Nothing was started or changed. Services of built-in kinds are not restarted after it.',
  },
  notRunning: { code: 3, meaning: 'No daemon runs on this config’s state folder.' },
  unknown: { code: 4, meaning: 'No service or watch of that name.' },
  locked: { code: 5, meaning: 'Another process uses the state folder, or the folder to collect into.' },
  reset: {
    code: 6,
    meaning:
      'A stream’s numbers began anew, and `on-reset: stop` says that a person has to look. Not restarted.',
  },
  internal: { code: 70, meaning: 'A bug in Vahti: the message and the stack are on standard error.' },
  disk: {
    code: 74,
    meaning:
      'A write or a sync failed. The process ended on purpose: its next start goes on from the last commit.',
  },
  notStarted: {
    code: 203,
    meaning:
      'In a unit of systemd’s alone: the command of the service cannot be started; the last line says why. It is systemd’s own code for it (EXEC).',
  },
  interrupted: { code: 130, meaning: 'Interrupted for the second time: stopped at once.' },
} as const;

export type ExitName = keyof typeof EXIT;

/** Ends the command with one plain line and an exit code; thrown anywhere below `main`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: ExitName;
  constructor(exit: ExitName, message: string) {
    super(message);
    this.exit = exit;
  }
}
