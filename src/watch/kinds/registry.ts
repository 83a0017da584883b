import type { WatchKind } from '../kind.ts';
import { command } from './command.ts';
import { fresh } from './fresh.ts';
import { httpKind } from './http.ts';
import { tcp } from './tcp.ts';

/** Every kind of watch. */
export const WATCH_KINDS: readonly WatchKind[] = [fresh, httpKind, tcp, command];
