import type { Command } from 'commander';
import { createFrame } from './frame.ts';

type Add = (program: Command) => void;

/** The commands that are called often, or stay for long. Any other is found in the whole program. */
const ALONE: Readonly<Record<string, () => Promise<Add>>> = {
  check: async () => (await import('./commands/check.ts')).addCheck,
  up: async () => (await import('./commands/up.ts')).addUp,
  down: async () => (await import('./commands/down.ts')).addDown,
  reload: async () => (await import('./commands/down.ts')).addReload,
  status: async () => (await import('./commands/status.ts')).addStatus,
  logs: async () => (await import('./commands/logs.ts')).addLogs,
  explain: async () => (await import('./commands/explain.ts')).addExplain,
  start: async () => (await import('./commands/act.ts')).addStart,
  stop: async () => (await import('./commands/act.ts')).addStop,
  beat: async () => (await import('./commands/beat.ts')).addBeat,
  restart: async () => (await import('./commands/act.ts')).addRestart,
  try: async () => (await import('./commands/try.ts')).addTry,
  run: async () => (await import('./commands/run.ts')).addRun,
  token: async () => (await import('./commands/token.ts')).addToken,
  query: async () => (await import('./commands/query.ts')).addQuery,
};

/**
 * The command line, with no more of it loaded than the command that is called: all of it takes longer to load than most
 * commands run, and a daemon would keep it in memory for ever.
 */
export async function programCalled(name: string | undefined): Promise<Command> {
  const load = name !== undefined && Object.hasOwn(ALONE, name) ? ALONE[name] : undefined;
  if (load === undefined) return (await import('./program.ts')).buildProgram();
  const program = createFrame();
  (await load())(program);
  return program;
}
