import type { Command } from 'commander';
import { addAck } from './commands/ack.ts';
import { addBeat } from './commands/beat.ts';
import { addCheck } from './commands/check.ts';
import { addCollect } from './commands/collect.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDown, addReload } from './commands/down.ts';
import { addDisable, addEnable } from './commands/enable.ts';
import { addExplain } from './commands/explain.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addInstall } from './commands/install.ts';
import { addJobs } from './commands/jobs.ts';
import { addLogs } from './commands/logs.ts';
import { addNext } from './commands/next.ts';
import { addNotifications } from './commands/notifications.ts';
import { addNotify } from './commands/notify.ts';
import { addPipeline } from './commands/pipeline.ts';
import { addPlan } from './commands/plan.ts';
import { addQuery } from './commands/query.ts';
import { addRestart, addStart, addStop } from './commands/act.ts';
import { addRun } from './commands/run.ts';
import { addSimulate } from './commands/simulate.ts';
import { addSnooze } from './commands/snooze.ts';
import { addStatus } from './commands/status.ts';
import { addToken } from './commands/token.ts';
import { addTry } from './commands/try.ts';
import { addUninstall } from './commands/uninstall.ts';
import { addUp } from './commands/up.ts';
import { createFrame } from './frame.ts';

/** The whole command line. The CLI reference is generated from it. */
export function buildProgram(): Command {
  const program = createFrame();
  for (const add of COMMANDS) add(program);
  return program;
}

/** In the order of the help: from the first to the more special. */
const COMMANDS = [
  addInit,
  addCheck,
  addPlan,
  addUp,
  addDown,
  addReload,
  addStatus,
  addLogs,
  addExplain,
  addNext,
  addTry,
  addStart,
  addStop,
  addRestart,
  addNotifications,
  addNotify,
  addEnable,
  addDisable,
  addSnooze,
  addAck,
  addBeat,
  addJobs,
  addRun,
  addCollect,
  addPipeline,
  addToken,
  addQuery,
  addImport,
  addSimulate,
  addInstall,
  addUninstall,
  addDoctor,
] as const;
