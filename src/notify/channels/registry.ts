import type { ChannelKind } from '../channel-kind.ts';
import { command } from './command/kind.ts';
import { mail } from './mail/kind.ts';
import { ntfy } from './ntfy/kind.ts';
import { webhook } from './webhook/kind.ts';

/** Every kind of channel, by name. Each loads what it sends with when it is opened. */
export const CHANNEL_KINDS: readonly ChannelKind[] = [command, mail, ntfy, webhook];
