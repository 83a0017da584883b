import type { WatchKind } from '../kind.ts';
import { backlog } from './backlog.ts';
import { beat } from './beat.ts';
import { command } from './command.ts';
import { cpu } from './cpu.ts';
import { disk } from './disk.ts';
import { fresh } from './fresh.ts';
import { httpKind } from './http.ts';
import { lag } from './lag.ts';
import { log } from './log.ts';
import { memory } from './memory.ts';
import { progress } from './progress.ts';
import { record } from './record.ts';
import { tcp } from './tcp.ts';
import { unit } from './unit.ts';

/** Every kind of watch, by name. */
export const WATCH_KINDS: readonly WatchKind[] = [
  backlog,
  beat,
  command,
  cpu,
  disk,
  fresh,
  httpKind,
  lag,
  log,
  memory,
  progress,
  record,
  tcp,
  unit,
];
