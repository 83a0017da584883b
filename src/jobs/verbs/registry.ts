import type { VerbKind } from '../../core/verb.ts';
import { archiveKind } from './archive/archive.ts';
import { purgeKind } from './purge/purge.ts';
import { syncKind } from './sync/sync.ts';

/** Every verb, by the key that names it: one line each. What is large is loaded by its `open`. */
export const VERB_KINDS: readonly VerbKind[] = [archiveKind, purgeKind, syncKind];
