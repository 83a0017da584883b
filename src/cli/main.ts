import { asError } from '../core/result.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { say } from './output.ts';
import { programCalled } from './called.ts';

/** Runs one command. Sets the exit code; the process ends by itself once nothing is left to do. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endQuietlyOnClosedPipe);
  process.stderr.on('error', endQuietlyOnClosedPipe);
  try {
    const program = await programCalled(argv[2]);
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** `vahti logs | head` is no error. */
function endQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok.code);
}

/** Says what went wrong, in one line where it is known, and answers with the exit code. */
function report(error: unknown): number {
  if (error instanceof CommandError) {
    if (error.message !== '') say(error.message);
    return EXIT[error.exit].code;
  }
  // Commander has said it already; help and version end with code 0.
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok.code : EXIT.usage.code;
  say(`cannot go on, this is a bug in vahti: ${asError(error).stack ?? String(error)}`);
  return EXIT.internal.code;
}

function isCommanderError(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';
}
