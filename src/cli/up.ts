import { loadConfig } from '../app/config/load.ts';
import { type Daemon, openDaemon } from '../app/daemon.ts';
import { hubOf, type Plan, type PlannedHub } from '../app/plan.ts';
import { ownUnit, serviceNotice } from '../run/systemd/notify.ts';
import { systemClock } from '../core/clock.ts';
import { formatDiagnostic, sortDiagnostics } from '../core/diagnostics.ts';
import { createLog, type Log, silentLog } from '../core/log.ts';
import { levelName, type StoredRecord } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { UpOptions } from './options.ts';
import { requirePlan } from './config-file.ts';
import { CommandError } from './exit-codes.ts';
import { renderScreen } from './live-view.ts';
import { colours, say } from './output.ts';
import { makePageNews, pageMissing, type PageNews, whenHubIsReady } from './page-link.ts';
import { listenForEnd } from './signals.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { ownProgram, ownVersion } from '../core/own-package.ts';

/** Records that the live view has at hand: more than the largest screen shows. */
const RECENT = 200;

/** Runs the daemon until TERM, Ctrl-C or `vahti down`; HUP reloads. */
export async function up(options: UpOptions): Promise<void> {
  const { plan, loaded } = await requirePlan(options.config, true, options.systemd);
  const live = options.view === 'live' || (options.view === 'auto' && process.stdout.isTTY);
  const recent: StoredRecord[] = [];
  const log = live ? silentLog : createLog('info', (line) => process.stdout.write(line));
  const isNew = isNewThere(plan, options.systemd);
  const page = createPageLine(plan, options, live ? undefined : log);
  const opened = openDaemon({
    plan,
    version: ownVersion(),
    program: ownProgram(),
    clock: systemClock,
    log,
    random: Math.random,
    systemd: options.systemd === true,
    keptBy: ownUnit(process.env),
    reread: () => reread(loaded.file, options.systemd),
    stored(records) {
      if (live) keepRecent(recent, records);
      else writeRecords(records.filter(isNew));
      page.stored(records);
    },
  });
  if (!opened.ok) throw new CommandError(opened.error.kind, opened.error.message);
  const daemon = opened.value;
  const { signal, release } = listenForEnd();
  const hangUp = reloadOnHangUp(daemon, log);
  // Whoever reads this may send a signal at once.
  whereToLook(plan, log, live, options.systemd);
  page.begin();
  let terminal: Terminal | undefined;
  const notice = serviceNotice(process.env, systemClock, (message) => log.warn(message));
  signal.addEventListener('abort', () => notice?.stopping(), { once: true });
  const ready = (): void => {
    notice?.ready();
    if (live) terminal = showLive(daemon, recent, page.line);
  };
  try {
    await daemon.run({ clock: systemClock, log, drain: signal, stop: new AbortController().signal, ready });
  } finally {
    notice?.close();
    terminal?.close();
    process.off('SIGHUP', hangUp);
    release();
  }
  if (live) say(`stopped; what happened is in ${plan.state}: vahti logs`);
}

function showLive(daemon: Daemon, recent: readonly StoredRecord[], page: () => string): Terminal {
  return openTerminal(process.stdout, systemClock, async (columns, rows) => {
    const status = await daemon.status();
    const screen = { columns, rows, colour: colours(process.stdout), now: systemClock.now(), page: page() };
    return renderScreen(status, recent, screen);
  });
}

/** What is said of the page, where people read it. */
interface PageLine {
  begin(): void;
  stored(records: readonly StoredRecord[]): void;
  /** What the live view shows. */
  line(): string;
}

/** @param log where it is said; undefined for the live view. */
function createPageLine(plan: Plan, { view, systemd }: UpOptions, log: Log | undefined): PageLine {
  const isForPeople = view !== 'json' && systemd !== true && ownUnit(process.env) === undefined;
  if (!isForPeople) return { begin() {}, stored() {}, line: () => '' };
  const missing = hubOf(plan) === undefined && plan.shipping === undefined ? pageMissing(plan) : '';
  let news: PageNews | undefined;
  const tell = async (hub: PlannedHub): Promise<void> => {
    const made = await makePageNews(plan, hub);
    if (made.ok) news = made.value;
    if (made.ok) log?.info(made.value.text);
    else log?.warn(`cannot make a link for the page: ${made.error}`);
  };
  return {
    begin: () => missing !== '' && log?.info(missing),
    stored: whenHubIsReady(plan, (hub) => void tell(hub)),
    line: () => (news === undefined ? missing : systemClock.now() < news.until ? news.text : news.then),
  };
}

function keepRecent(recent: StoredRecord[], records: readonly StoredRecord[]): void {
  recent.push(...records);
  recent.splice(0, recent.length - RECENT);
}

/** Where standard output is the journal, it has the lines of units already: they came from there. */
function isNewThere(plan: Plan, systemd = false): (record: StoredRecord) => boolean {
  if (process.env['JOURNAL_STREAM'] === undefined) return () => true;
  const units = new Set(plan.services.filter(({ unit }) => unit !== undefined).map(({ name }) => name));
  return ({ kind, service }) => kind !== 'log' || (!systemd && !units.has(service));
}

/** Every record as a line of JSON, in the form of the daemon's own log: one stream for the next program to read. */
function writeRecords(records: readonly StoredRecord[]): void {
  const lines = records.map(({ level, time, message, service, life, kind, sender, fields }) => {
    const at = new Date(Math.floor(time / 1000)).toISOString();
    return `${JSON.stringify({ level: levelName(level), time: at, service, kind, message, sender, life, fields })}\n`;
  });
  process.stdout.write(lines.join(''));
}

function whereToLook(plan: Plan, log: Log, live: boolean, installed = false): void {
  const vahti = installed ? 'vahti' : 'npx vahti';
  const where = { config: plan.file, state: plan.state, look: `${vahti} status -c ${plan.file}` };
  const text = `vahti runs ${plan.services.length} services; look: ${vahti} status|logs -f|explain NAME`;
  if (!live) log.info(text, where);
}

/** The config, read again for a reload; its mistakes as text for the log and the CLI. */
async function reread(file: string, units?: boolean): Promise<Result<Plan, string>> {
  const loaded = await loadConfig(file, units);
  if (loaded.plan !== undefined) return ok(loaded.plan);
  const mistakes = sortDiagnostics(loaded.diagnostics).filter(
    (diagnostic) => diagnostic.severity === 'error',
  );
  return err(
    `cannot reload, nothing was changed:\n${mistakes.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')}`,
  );
}

function reloadOnHangUp(daemon: Daemon, log: Log): () => void {
  const onSignal = (): void => {
    daemon.reload().then(
      (result) => {
        if (!result.ok) log.error(result.error);
      },
      (error: unknown) => {
        throw error;
      },
    );
  };
  process.on('SIGHUP', onSignal);
  return onSignal;
}
