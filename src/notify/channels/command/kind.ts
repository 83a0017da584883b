import type { ChannelKind } from '../../channel-kind.ts';
import { type CommandOptions, options } from './options.ts';

/** Runs a program for each message. */
export const command: ChannelKind<CommandOptions> = {
  kind: 'command',
  main: 'run',
  options,
  timeoutMs: 60_000,
  // Later words may be secrets.
  target: ({ run }) => run[0] ?? '',
  async open(written, context) {
    const { createCommand } = await import('./send.ts');
    return createCommand(written, context);
  },
};
