import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem, userInfo } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Drafted } from '../../app/importers/draft.ts';
import { finishImport } from '../../app/importers/import-config.ts';
import { systemClock } from '../../core/clock.ts';
import { formatDiagnostic, sortDiagnostics } from '../../core/diagnostics.ts';
import { joinWords } from '../../core/words.ts';
import { asError, errorCode } from '../../core/result.ts';
import { CommandError } from '../exit-codes.ts';
import { colours, say, write } from '../output.ts';

const EVALUATE_MS = 10_000;
const OUT = 'write the config to this file, which must not be there yet; default: print it';

interface OutOptions {
  readonly out?: string;
}

/** `vahti import` for what other programs run: each reads their config and prints one of ours. */
export function addConfigImports(parent: Command): void {
  parent
    .command('pm2 <file>')
    .description(
      'print a config of what a PM2 ecosystem file runs; a file that is a program is evaluated, nothing is started',
    )
    .option('-o, --out <file>', OUT)
    .option('--env <name>', 'take env_NAME on top of env, as pm2 start --env does')
    .option(
      '--pass <names>',
      'variables that a file that is a program may see, by commas; it sees no others but PATH, HOME and the like',
      list,
    )
    .exitOverride()
    .action(importFromPm2);
  parent
    .command('supervisord <file>')
    .description('print a config of what a supervisord.conf runs, with what it includes; nothing is started')
    .option('-o, --out <file>', OUT)
    .exitOverride()
    .action(importFromSupervisord);
  parent
    .command('procfile <file>')
    .description(
      'print a config of what a Procfile runs, with the ports that foreman gives; nothing is started',
    )
    .option('-o, --out <file>', OUT)
    .option('-m, --formation <counts>', 'how many of each, such as web=2,worker=1 or all=1')
    .option(
      '-p, --port <number>',
      'the port of the first; default: PORT of the environment file, else 5000',
      port,
    )
    .option('-e, --env <file>', 'the environment file; default: .env beside the Procfile')
    .exitOverride()
    .action(importFromProcfile);
  parent
    .command('livereduce <file>')
    .description(
      'print a config of livereduce as it is installed, its service as a unit and its watchdog as a watch; nothing is started or stopped',
    )
    .option('-o, --out <file>', OUT)
    .option(
      '--log <file>',
      'the log to watch; default: /var/log/SNS_applications/livereduce.log, as the watchdog has it',
    )
    .exitOverride()
    .action(importFromLivereduce);
  addSystemImports(parent);
}

function addSystemImports(parent: Command): void {
  parent
    .command('bitahoy <env>')
    .description(
      'print a config of a hub in the place of a bitahoy monitoring service, from its environment file; bitahoy-tables brings its rows',
    )
    .option('-o, --out <file>', OUT)
    .option('--listen <address>', 'where the hub is to listen', '127.0.0.1:7080')
    .exitOverride()
    .action(importFromBitahoy);
  parent
    .command('stixcore <file>')
    .description(
      'print a config of STIXCore’s pipelines and publishing, from its stixcore.ini; stixcore-state brings what they have done',
    )
    .option('-o, --out <file>', OUT)
    .option('--defaults <file>', 'the stixcore.ini of the package, which <file> wins over')
    .option('--cwd <folder>', 'where STIXCore is started; its relative paths are relative to it')
    .exitOverride()
    .action(importFromStixcore);
  parent
    .command('monit <file>')
    .description(
      'print a config of what a control file of Monit watches and starts, with what it includes; nothing is started or stopped',
    )
    .option('-o, --out <file>', OUT)
    .exitOverride()
    .action(importFromMonit);
  parent
    .command('crontab <file>')
    .description('print a config of what a crontab runs, as jobs; nothing is run, and cron goes on')
    .option('-o, --out <file>', OUT)
    .option('-u, --user <name>', 'whose crontab it is; default: whom the path names, else whoever runs this')
    .option(
      '--system',
      'each line names its user, as in /etc/crontab; default: where the path or the lines say so',
    )
    .exitOverride()
    .action(importFromCrontab);
}

async function importFromPm2(
  file: string,
  options: OutOptions & { readonly env?: string; readonly pass?: readonly string[] },
): Promise<void> {
  const { importPm2 } = await import('../../app/importers/pm2/import-pm2.ts');
  await finish('pm2', file, options, (folder) =>
    importPm2({
      file,
      folder,
      processors: availableParallelism(),
      ...(options.env === undefined ? {} : { environment: options.env }),
      evaluate: {
        clock: systemClock,
        deadlineMs: EVALUATE_MS,
        inherited: process.env,
        pass: options.pass ?? [],
      },
    }),
  );
}

async function importFromSupervisord(file: string, options: OutOptions): Promise<void> {
  const { importSupervisord } = await import('../../app/importers/supervisord/import-supervisord.ts');
  await finish('supervisord', file, options, (folder) =>
    importSupervisord({ file, folder, inherited: process.env }),
  );
}

async function importFromProcfile(
  file: string,
  options: OutOptions & { readonly formation?: string; readonly port?: number; readonly env?: string },
): Promise<void> {
  const { importProcfile } = await import('../../app/importers/procfile/import-procfile.ts');
  const { env, formation, port: first } = options;
  await finish('procfile', file, options, (folder) =>
    importProcfile({
      file,
      folder,
      ...(formation === undefined ? {} : { formation }),
      ...(first === undefined ? {} : { port: first }),
      ...(env === undefined ? {} : { environment: env }),
    }),
  );
}

async function importFromLivereduce(
  file: string,
  options: OutOptions & { readonly log?: string },
): Promise<void> {
  const { importLivereduce } = await import('../../app/importers/livereduce/import-livereduce.ts');
  const { log } = options;
  await finish('livereduce', file, options, (folder) =>
    importLivereduce({ file, folder, ...(log === undefined ? {} : { log }) }),
  );
}

async function importFromBitahoy(
  file: string,
  options: OutOptions & { readonly listen: string },
): Promise<void> {
  const { importBitahoy } = await import('../../app/importers/bitahoy/import-bitahoy.ts');
  await finish('bitahoy', file, options, () => importBitahoy({ file, listen: options.listen }));
}

async function importFromStixcore(
  file: string,
  options: OutOptions & { readonly defaults?: string; readonly cwd?: string },
): Promise<void> {
  const { importStixcore } = await import('../../app/importers/stixcore/import-stixcore.ts');
  const { defaults, cwd } = options;
  const named = defaults === undefined ? [] : ['--defaults', defaults];
  await finish('stixcore', file, { ...options, more: named }, (folder) =>
    importStixcore({
      files: [...(defaults === undefined ? [] : [defaults]), file],
      folder,
      ...(cwd === undefined ? {} : { cwd: resolve(cwd) }),
    }),
  );
}

async function importFromMonit(file: string, options: OutOptions): Promise<void> {
  const { importMonit } = await import('../../app/importers/monit/import-monit.ts');
  await finish('monit', file, options, (folder) =>
    importMonit({ file, folder, zone: zoneHere(), memory: totalmem(), mounts: textOf('/proc/mounts') }),
  );
}

async function importFromCrontab(
  file: string,
  options: OutOptions & { readonly user?: string; readonly system?: true },
): Promise<void> {
  const { importCrontab } = await import('../../app/importers/crontab/import-crontab.ts');
  const { user, system } = options;
  if (user !== undefined && system)
    throw new CommandError('usage', 'cannot use --user with --system: each line names its user');
  const here = { zone: zoneHere(), passwd: textOf('/etc/passwd'), self: userHere() };
  await finish('crontab', file, options, (folder) =>
    importCrontab({
      file,
      folder,
      ...here,
      ...(user === undefined ? {} : { user }),
      ...(system ? { hasUsers: true } : {}),
    }),
  );
}

function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The text of a file of the machine; empty where there is none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function userHere(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry.
    return '';
  }
}

/** Prints every mistake at once, or the config: to standard output, or into a file that is not there yet. */
async function finish(
  system: string,
  file: string,
  { out, more = [] }: OutOptions & { readonly more?: readonly string[] },
  draft: (folder: string) => Drafted | Promise<Drafted>,
): Promise<void> {
  const folder = out === undefined ? process.cwd() : dirname(resolve(out));
  const named = relative(process.cwd(), resolve(file));
  const made = joinWords([
    'vahti',
    'import',
    system,
    named.startsWith('../') ? resolve(file) : named,
    ...more,
  ]);
  const { text, diagnostics } = await finishImport(await draft(folder), made, {
    folder,
    ...(out === undefined ? {} : { file: out }),
  });
  // Without the lines themselves: they may hold secrets.
  for (const each of sortDiagnostics(diagnostics))
    say(formatDiagnostic(each, { colour: colours(process.stderr) }));
  if (text === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    throw new CommandError('usage', `cannot import ${file}: ${errors} ${errors === 1 ? 'error' : 'errors'}`);
  }
  if (out === undefined) return write(text);
  try {
    writeFileSync(out, text, { flag: 'wx' });
  } catch (thrown) {
    const why = errorCode(thrown) === 'EEXIST' ? 'it is there already' : asError(thrown).message;
    throw new CommandError('failed', `cannot write ${out}: ${why}`);
  }
  say(`wrote ${out}; now: vahti check, vahti plan, vahti up`);
}

function list(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError('write a number from 1 to 65535');
}
