import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { errorCode } from '../../core/result.ts';
import { CommandError } from '../exit-codes.ts';

const STARTER = `# yaml-language-server: $schema=https://unpkg.com/vahti/schema/vahti.schema.json
# A name and a command are enough: restarts, captured and rotated logs, a time line.
# \`vahti check\` checks this file, \`vahti plan\` shows what it means, \`vahti up\` runs it.

# The page of this machine, and its records; \`vahti up\` prints a link that logs in.
hub: { listen: 127.0.0.1:7080 }

services:
  clock:
    run: [sh, -c, "while date; do sleep 5; done"]

  # Collects a stream into files, each event exactly once:
  # firehose:
  #   collect:
  #     from: wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos
  #     into: data/firehose
  #     part: hour        # hour, minute or day
  #     cursor: live      # where to begin: live, oldest, or a sequence number
`;

export function addInit(program: Command): void {
  program
    .command('init [file]')
    .description('write a first config file')
    .option('--force', 'write over a file that is there')
    .exitOverride()
    .action((file = 'vahti.yaml', { force }: { readonly force?: true }) => {
      try {
        writeFileSync(file, STARTER, { flag: force ? 'w' : 'wx' });
      } catch (error) {
        const why =
          errorCode(error) === 'EEXIST'
            ? 'it is there already; --force writes over it'
            : (error as Error).message;
        throw new CommandError('failed', `cannot write ${file}: ${why}`);
      }
      process.stdout.write(`wrote ${file}; now: vahti check, vahti up\n`);
    });
}
