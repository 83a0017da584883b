import type { Keys, ServiceKeys } from '../draft.ts';
import { monitWords, readStart, type Started } from './programs.ts';
import { readProgram, subjectOf, type Program, type Subject } from './subject.ts';
import { isWord } from './tokens.ts';
import type { Check, Statement } from './statements.ts';

/** A check, and what is known of it before its tests are read. */
export interface Known {
  readonly check: Check;
  readonly subject: Subject;
  readonly start?: Program;
  readonly stop?: Program;
  readonly restart?: Program;
  /** What its service runs, where it has one of its own. */
  readonly started?: Started;
  /** The names of checks that it depends on, with the statements that say so. */
  readonly depends: readonly { readonly name: string; readonly statement: Statement }[];
}

export function knowCheck(check: Check): Known {
  const program = (word: string): Program | undefined => {
    const statement = check.statements.find(({ tokens }) => isWord(tokens[0], word));
    return statement === undefined ? undefined : readProgram(statement);
  };
  const [start, stop, restart] = [program('start'), program('stop'), program('restart')];
  const started = start === undefined ? undefined : readStart(start.command);
  // What is no process only has a service where that is a unit: a command that mounts a disk is none.
  const isOwn = started !== undefined && (check.type === 'process' || started.kind === 'unit');
  return {
    check,
    subject: subjectOf(check),
    ...(start === undefined ? {} : { start }),
    ...(stop === undefined ? {} : { stop }),
    ...(restart === undefined ? {} : { restart }),
    ...(isOwn ? { started } : {}),
    depends: check.statements
      .filter(({ tokens }) => isWord(tokens[0], 'depends', 'depend'))
      .flatMap((statement) =>
        statement.tokens
          .slice(1)
          .filter((token) => !isWord(token, 'on'))
          .map(({ text }) => ({ name: text, statement })),
      ),
  };
}

/** The keys of a service that say what runs, and what is to be said of it. */
export function runKeys({ started, start, stop, subject }: Known): {
  readonly keys: ServiceKeys;
  readonly notes: readonly string[];
} {
  if (started === undefined) return { keys: {}, notes: [] };
  if (started.kind === 'unit') return { keys: { unit: started.unit }, notes: [] };
  const user = start?.user ?? started.user;
  const isNumber = /^\d+$/.test(user ?? '');
  const seconds = stop?.timeoutSeconds;
  const notes = [
    started.unwrapped
      ? 'look: Monit’s start program put it into the background; that was left out, since here the command stays in the foreground'
      : 'look: the command has to stay in the foreground; a start program of Monit mostly goes into the background (leave out -d, --daemon and the like)',
    ...(subject.isPattern || subject.text === '' ? [] : [`not needed: the pid file ${subject.text}`]),
    ...(stop === undefined || isPlainStop(stop.command)
      ? []
      : [
          'not taken over: its stop program: a stop sends TERM to the whole process tree, then KILL; look whether it needs another `stop-signal`',
        ]),
    ...(isNumber ? [`not taken over: uid ${user}: write the name of the user`] : []),
  ];
  return {
    keys: {
      run: started.argv,
      ...(started.cwd === undefined ? {} : { cwd: started.cwd }),
      ...(user === undefined || isNumber ? {} : { user }),
      ...(seconds === undefined ? {} : { stop: `${Math.max(1, Math.round(seconds))}s` }),
    },
    notes,
  };
}

/** A stop that only ends the process. */
function isPlainStop(command: string): boolean {
  return /\b(?:kill(?!\s+-(?:9|KILL|INT|HUP|QUIT|USR))|killall|pkill|start-stop-daemon)\b/.test(command);
}

/** The commands of an action on what is no service of its own; a restart is `restart`, or `stop` and `start`. */
export function commandSteps(
  kind: 'restart' | 'start' | 'stop',
  { start, stop, restart }: Known,
): readonly Keys[] {
  const restarting = restart === undefined ? [stop, start] : [restart];
  const commands = kind === 'restart' ? restarting : kind === 'start' ? [start] : [stop];
  return commands.flatMap((program) => (program === undefined ? [] : [{ run: monitWords(program.command) }]));
}
