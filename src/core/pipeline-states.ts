/** Where the files and tasks of a pipeline are on their way: as its ledger has it, and as people name it. */

/** Of a file of an inbox. `parked`: a person has to look. */
export const INBOX_FILE_STATES = [
  'seen',
  'settling',
  'waiting',
  'ready',
  'done',
  'partial',
  'failed',
  'parked',
  'ignored',
  'gone',
] as const;
export type InboxFileState = (typeof INBOX_FILE_STATES)[number];

/**
 * `gathering`: it waits for more inputs. `parked`: it killed its runner too often, or a person said so; `cancelled`: it was cut
 * into others. Of `ready`, `running` and `installing` the word says all.
 */
export const TASK_STATES = [
  'gathering',
  'ready',
  'running',
  'installing',
  'retry',
  'deferred',
  'done',
  'warned',
  'skipped',
  'ignored',
  'failed',
  'parked',
  'cancelled',
] as const;
export type TaskState = (typeof TASK_STATES)[number];
