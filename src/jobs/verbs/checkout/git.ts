import { err, ok, type Result } from '../../../core/result.ts';
import { type Programs, runProgram } from '../../program.ts';
import { shellWord, sshWords } from '../../far/ssh.ts';
import { CHECKOUT_DEFAULTS, type CheckoutOptions } from './options.ts';

/** Runs git with these words; what it says on stdout. The error says what went wrong, for people. */
export type Git = (words: readonly string[]) => Promise<Result<string, string>>;

const MOST_OUTPUT = 64 * 1024 ** 2;

/**
 * What no configuration may change: nothing of a repository is run, nothing stays in the background, versions are sorted as such.
 * A stalled connection ends after a minute.
 */
const FIXED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'protocol.ext.allow=never',
  'gc.autoDetach=false',
  'maintenance.autoDetach=false',
  'versionsort.suffix=-',
  'http.lowSpeedLimit=1',
  'http.lowSpeedTime=60',
  'advice.detachedHead=false',
];
/** Of the environment: what would lead git elsewhere. */
const MISLEADING =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|NAMESPACE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|TEMPLATE_DIR|EXEC_PATH|EXTERNAL_DIFF|CEILING_DIRECTORIES|SSH|SSH_COMMAND|PROXY_COMMAND|TRACE.*)$/;

export function createGit(options: CheckoutOptions, programs: Programs): Git {
  const kept = Object.entries(programs.env).filter(([name]) => !MISLEADING.test(name));
  const env: Record<string, string> = {
    ...Object.fromEntries(kept),
    // Nobody is asked anything.
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_SSH_COMMAND: sshWords(options).map(shellWord).join(' '),
    GIT_SSH_VARIANT: 'ssh',
  };
  const fixed = FIXED.flatMap((setting) => ['-c', setting]);
  const deadlineMs = options.deadline ?? CHECKOUT_DEFAULTS.deadlineMs;
  return async (words) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const output = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= MOST_OUTPUT) pieces.push(piece);
    };
    const argv = ['git', ...fixed, ...words];
    const { exit, said } = await runProgram(
      { argv, output, idleMs: deadlineMs, deadlineMs },
      { ...programs, env },
    );
    if (exit.kind === 'failed') return err(`${exit.error} (Debian: apt-get install git)`);
    if (exit.kind === 'silent') return err(`git ${verbOf(words)} took longer than its deadline`);
    if (exit.kind === 'signalled') return err(`git ${verbOf(words)} was ended by ${exit.signal}`);
    if (exit.code !== 0) return err(reasonOf(said, words));
    if (bytes > MOST_OUTPUT) return err(`git ${verbOf(words)} said too much`);
    return ok(Buffer.concat(pieces).toString('utf8'));
  };
}

function verbOf(words: readonly string[]): string {
  return words.find((word) => /^[a-z][a-z-]+$/.test(word)) ?? '';
}

/** What git says is wrong, and what stands before that: of ssh it is the reason itself. */
function reasonOf(said: readonly string[], words: readonly string[]): string {
  const at = said.findIndex((line) => /^(fatal|error): /.test(line));
  if (at < 0) return said.at(-1) ?? `git ${verbOf(words)} failed`;
  const fatal = (said[at] ?? '').replace(/^(fatal|error): /, '');
  const before = said
    .slice(0, at)
    .filter((line) => !/^(remote:|From |warning:|Warning: Permanently|hint:)/.test(line));
  const shown = before.at(-1);
  return shown === undefined ? fatal : `${shown}; ${fatal}`;
}
