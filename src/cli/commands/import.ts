import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { configText } from '../../app/importers/sinitaivas/config-text.ts';
import type { ImportRecord } from '../../app/importers/sinitaivas/record.ts';
import type { Progress, Survey } from '../../app/importers/sinitaivas/survey.ts';
import type { ImportTrouble } from '../../app/importers/sinitaivas/trouble.ts';
import { systemClock } from '../../core/clock.ts';
import { asError, type Result } from '../../core/result.ts';
import { approximateSize } from '../../core/sizes.ts';
import { CommandError } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import { printable, printJson, say } from '../output.ts';
import { addTableImport } from './import-bitahoy.ts';
import { addConfigImports } from './import-config.ts';
import { addStixcoreState } from './import-stixcore.ts';

export function addImport(program: Command): void {
  const parent = program
    .command('import')
    .description(
      'take over what another program collected, so that nothing is lost or doubled, or what it runs',
    )
    .exitOverride();
  parent
    .command('sinitaivas <dir>')
    .description(
      'take over from sinitaivas-live: read cursors.json and firehose_stream/ in its folder, change nothing there, and make a folder in which a collector goes on behind the last commit that is whole',
    )
    .option('--into <folder>', 'the folder to collect into from now on; default: vahti in the old folder')
    .option('--config <file>', 'write a config that goes on from there; the file must not be there yet')
    .option('--dry-run', 'read and count everything, say what would be done, write nothing')
    .addOption(jsonOption())
    .exitOverride()
    .action(importSinitaivas);
  addConfigImports(parent);
  addTableImport(parent);
  addStixcoreState(parent);
}

interface ImportOptions {
  readonly into?: string;
  readonly config?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

async function importSinitaivas(folder: string, options: ImportOptions): Promise<void> {
  const dir = resolve(folder);
  const into = resolve(options.into ?? join(dir, 'vahti'));
  const dryRun = options.dryRun === true;
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CommandError('failed', `cannot import ${dir}: no such folder`);
  if (options.config !== undefined && existsSync(options.config))
    throw new CommandError('failed', `cannot write ${options.config}: it is there already`);
  const [{ survey }, { recordOf }, { checkTarget, recordPath, takeOver }] = await Promise.all([
    import('../../app/importers/sinitaivas/survey.ts'),
    import('../../app/importers/sinitaivas/record.ts'),
    import('../../app/importers/sinitaivas/take-over.ts'),
  ]);
  valueOf(await checkTarget(dir, into));
  const progress = showProgress();
  const surveyed = await survey(dir, systemClock.now(), progress.show);
  progress.end();
  const found = valueOf(surveyed);
  const record = recordOf(found, systemClock.now());
  const config = configText(configPath(options.config ?? join(dir, 'vahti.yaml'), into));
  const warnings = warningsOf(found, record);
  if (found.changed.length > 0 && !dryRun) {
    throw new CommandError(
      'failed',
      `cannot import ${dir}: ${found.changed[0]} changed while it was read; stop sinitaivas-live and its cron jobs first`,
    );
  }
  if (!dryRun) valueOf(await takeOver(into, record, found.latest, systemClock));
  if (!dryRun && options.config !== undefined) writeConfig(options.config, config);
  if (options.json) return printJson({ dryRun, into, warnings, config, record });
  process.stdout.write(`${summary(record).map(printable).join('\n')}\n`);
  for (const warning of warnings) say(`warning: ${printable(warning)}`);
  process.stdout.write(dryRun ? `\nnothing was written; without --dry-run:\n` : '\n');
  process.stdout.write(
    `${into} ${dryRun ? 'would go' : 'goes'} on behind ${record.cursor}; the whole account is in ${recordPath(into)}\n`,
  );
  if (options.config === undefined)
    process.stdout.write(`\na config for it (--config FILE writes it):\n\n${config}`);
  else process.stdout.write(`${options.config} ${dryRun ? 'would be' : 'is'} its config\n`);
}

function valueOf<T>(result: Result<T, ImportTrouble>): T {
  if (result.ok) return result.value;
  throw new CommandError(result.error.kind, result.error.message);
}

/** The folder as a config at this place names it. */
function configPath(config: string, into: string): string {
  const path = relative(dirname(resolve(config)), into);
  return path.startsWith('../') ? into : path || '.';
}

function writeConfig(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (thrown) {
    throw new CommandError(
      'failed',
      `the import is done, but cannot write ${path}: ${asError(thrown).message}`,
    );
  }
}

/** What somebody should know before they go on. */
function warningsOf(
  { changed, cursorFile, resume }: Survey,
  { totals, again, files }: ImportRecord,
): string[] {
  const warnings: string[] = [];
  if (changed.length > 0)
    warnings.push(`${changed[0]} changed while it was read: sinitaivas-live still runs`);
  if (cursorFile.cursor === undefined) warnings.push(`cursors.json does not help: ${cursorFile.reason}`);
  else if (resume.rule === 'data')
    warnings.push(`cursors.json says ${cursorFile.cursor}, which the files do not bear out: it is not used`);
  else if (resume.rule === 'cursor-only')
    warnings.push(`there is no line to compare the cursor ${cursorFile.cursor} with: it is believed`);
  for (const { path, broken } of files)
    if (broken !== null) warnings.push(`${path} breaks off: ${broken}; what could be unpacked counts`);
  const twice = again.reduce((sum, { lines }) => sum + lines, 0);
  if (twice > 0)
    warnings.push(
      `${twice} old lines lie behind that point and come again: ${again.map(({ path, fromLine, fromByte }) => `${path} from line ${fromLine} (byte ${fromByte})`).join(', ')}`,
    );
  if (totals.suspicious > 0)
    warnings.push(
      `${totals.suspicious} lines have numbers that cannot be theirs: a record’s own fields overwrote them`,
    );
  return warnings;
}

function summary({ dir, cursor, because, totals, holes, resets, files, others }: ImportRecord): string[] {
  const firsts = files.flatMap(({ first }) => first ?? []);
  const copies = files.length - totals.files;
  const numbers =
    firsts.length === 0 ? '-' : `${firsts[0]} to ${files.findLast(({ last }) => last !== null)?.last}`;
  const lines = [
    `sinitaivas-live in ${dir}`,
    `files       ${totals.files}, ${approximateSize(totals.bytes)}${copies > 0 ? `, and ${copies} that others hold as a whole` : ''}`,
    `lines       ${totals.lines}, ${totals.repeated} of them there before, ${totals.suspicious} with numbers that cannot be trusted; ${totals.torn} torn`,
    `numbers     ${numbers}${resets > 0 ? `, begun anew ${resets} times` : ''}`,
    `holes       ${holes.length}${
      holes.length > 0
        ? `, ${holes
            .map(({ from, to }) => `${from} to ${to}`)
            .slice(0, 5)
            .join(', ')}${holes.length > 5 ? ', …' : ''}`
        : ''
    }`,
    `cursor      ${cursor}: ${because}`,
  ];
  if (others.length > 0)
    lines.push(`left alone  ${others.length} others, such as ${printable(others[0] as string)}`);
  return lines;
}

const TERMINAL_MS = 250;
const PLAIN_MS = 5_000;

/** Says how far the reading is: often on a terminal, now and then elsewhere. */
function showProgress(): { show(progress: Progress): void; end(): void } {
  const terminal = process.stderr.isTTY;
  let next = systemClock.monotonic() + (terminal ? TERMINAL_MS : PLAIN_MS);
  let shown = false;
  return {
    show({ path, bytes, total }) {
      const now = systemClock.monotonic();
      if (now < next) return;
      next = now + (terminal ? TERMINAL_MS : PLAIN_MS);
      shown = true;
      const text = `read ${approximateSize(bytes)} of ${approximateSize(total)} (${Math.floor((100 * bytes) / Math.max(1, total))} %), ${path}`;
      process.stderr.write(terminal ? `\r${text}\u001b[K` : `${text}\n`);
    },
    end() {
      if (shown && terminal) process.stderr.write('\r\u001b[K');
    },
  };
}
