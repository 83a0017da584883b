import { setFlagsFromString } from 'node:v8';
import { type Command, Option } from 'commander';
import { subcommand, type UpOptions } from '../options.ts';

export function addUp(program: Command): void {
  subcommand(program, 'up', 'run the daemon in the foreground: start every service and keep it running')
    .addOption(
      new Option('--view <view>', 'live: a view for terminals; json: every record as a line of JSON')
        .choices(['auto', 'live', 'json'])
        .default('auto'),
    )
    .option('--systemd', 'run every service and every run of a job by its unit, as vahti install made them')
    .action(async (options: UpOptions) => {
      // A daemon idles: small and slower code, a small young generation. Saves a tenth of its memory; before anything is loaded.
      setFlagsFromString('--optimize-for-size');
      // Loaded here, so that the small commands start fast.
      const { up } = await import('../up.ts');
      await up(options);
    });
}
