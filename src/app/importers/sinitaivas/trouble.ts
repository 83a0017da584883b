import { asError, err, type Result } from '../../../core/result.ts';

/** Why an import was not done; nothing was written then. */
export interface ImportTrouble {
  readonly kind: 'failed' | 'locked';
  readonly message: string;
}

export function trouble(
  message: string,
  kind: ImportTrouble['kind'] = 'failed',
): Result<never, ImportTrouble> {
  return err({ kind, message });
}

/** A file or folder that cannot be read, with the system's reason. */
export function unreadable(path: string, thrown: unknown): Result<never, ImportTrouble> {
  return trouble(`cannot read ${path}: ${asError(thrown).message}`);
}
