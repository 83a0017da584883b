import type { VerbKind } from '../../core/verb.ts';
import { archiveKind } from './archive/archive.ts';
import { checkoutKind } from './checkout/checkout.ts';
import { publishKind } from './publish/publish.ts';
import { purgeKind } from './purge/purge.ts';
import { rotateKind } from './rotate/rotate.ts';
import { stageKind } from './stage/stage.ts';
import { syncKind } from './sync/sync.ts';
import { unpackKind } from './unpack/unpack.ts';

/** Every verb, by the key that names it: one line each. What is large is loaded by its `open`. */
export const VERB_KINDS: readonly VerbKind[] = [
  archiveKind,
  purgeKind,
  syncKind,
  rotateKind,
  stageKind,
  unpackKind,
  checkoutKind,
  publishKind,
];
