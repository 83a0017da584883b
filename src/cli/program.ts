import type { Command } from 'commander';
import { addCheck } from './commands/check.ts';
import { addCollect } from './commands/collect.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDown, addReload } from './commands/down.ts';
import { addDisable, addEnable } from './commands/enable.ts';
import { addExplain } from './commands/explain.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addLogs } from './commands/logs.ts';
import { addPlan } from './commands/plan.ts';
import { addRestart, addStart, addStop } from './commands/act.ts';
import { addRun } from './commands/run.ts';
import { addSimulate } from './commands/simulate.ts';
import { addStatus } from './commands/status.ts';
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
  addStart,
  addStop,
  addRestart,
  addEnable,
  addDisable,
  addRun,
  addCollect,
  addImport,
  addSimulate,
  addDoctor,
] as const;
