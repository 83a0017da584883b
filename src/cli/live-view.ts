import type { DaemonStatus, ServiceStatus } from '../app/control-api.ts';
import { approximateDuration } from '../core/durations.ts';
import type { StoredRecord } from '../core/record.ts';
import { columnsOf, fit, paint, printable } from './output.ts';
import { recordText } from './record-text.ts';
import { heldText } from './silence-words.ts';
import { watchText } from './watch-words.ts';
import { ago, figuresText, rate, stateText, unitText, waitText } from './words.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  readonly now: number;
  /** Where the page is; empty or absent where nothing is to be said of it. */
  readonly page?: string;
}

/** What `up` shows in a terminal: the services on top, the newest records below. As many lines as the screen has rows. */
export function renderScreen(
  status: DaemonStatus,
  records: readonly StoredRecord[],
  screen: Screen,
): string[] {
  const { columns, rows, colour, now, page = '' } = screen;
  const head = `vahti ${status.version}  ${status.config}  up ${ago(now, status.since)}`;
  const top = [paint(colour, 'bold', fit(head, columns)), ...wrapped(page, columns)];
  const lines = [...top, '', ...serviceRows(status.services, screen)];
  const shown = lines.slice(0, Math.max(2, rows - 4));
  if (shown.length < lines.length) shown.push(fit(`… and ${lines.length - shown.length} more`, columns));
  const foot = paint(
    colour,
    'dim',
    fit('Ctrl-C stops everything · in another terminal: vahti status, logs -f, explain NAME', columns),
  );
  const room = Math.max(0, rows - shown.length - 2);
  const tail = records
    .slice(-room)
    .map((record) => cutLine(recordText(record, { colour, service: true, width: 10, clock: true }), columns));
  return [...shown, '', ...tail, ...Array<string>(room - tail.length).fill(''), foot].slice(0, rows);
}

/** A link that is cut off leads nowhere: it goes over as many lines as it needs. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = printable(text);
  while (rest !== '') {
    const line = cutLine(rest, columns);
    // Of a terminal in which not even one letter has room nothing is expected.
    if (line === '') break;
    lines.push(line);
    rest = rest.slice(line.length);
  }
  return lines;
}

function serviceRows(services: readonly ServiceStatus[], { columns, colour, now }: Screen): string[] {
  const width = Math.max(4, ...services.map((service) => columnsOf(printable(service.name))));
  const heading = `${'NAME'.padEnd(width)}  ${'STATE'.padEnd(18)} ${'SINCE'.padEnd(8)} ${'RATE'.padStart(10)} ${'LAG'.padStart(8)}  DETAIL`;
  const rows = services.map((service) => {
    const state = stateText(service, false).padEnd(18);
    const painted = stateText(service, colour) + ' '.repeat(18 - state.trimEnd().length);
    const figures = service.state === 'running' ? service.figures : null;
    const speed = figures === null ? '' : `${rate(figures.lineRate)}/s`;
    const lag = figures?.lag == null ? '' : approximateDuration(figures.lag);
    const left = `${fit(printable(service.name), width)}  ${painted} ${ago(now, service.since).padEnd(8)} ${speed.padStart(10)} ${lag.padStart(8)}  `;
    const room = columns - (width + 2 + 19 + 9 + 11 + 8 + 2);
    return room > 0 ? left + fit(printable(detail(service, now)), room).trimEnd() : cutLine(left, columns);
  });
  return [paint(colour, 'dim', fit(heading, columns)), ...rows];
}

function detail(service: ServiceStatus, now: number): string {
  if (service.state === 'waiting' && service.nextStartAt !== null) {
    return `next start in ${approximateDuration(Math.max(0, service.nextStartAt - now))}; ${service.lastExit?.text ?? ''}`;
  }
  const wait = unitText(service) ?? waitText(service);
  if (wait !== undefined) return wait;
  if (service.state !== 'running') return service.lastExit?.text ?? '';
  const unwell = [watchText(service), heldText(service, now)].filter((part) => part !== undefined);
  if (unwell.length > 0) return unwell.join('; ');
  if (service.kind === 'pipeline') return figuresText(service) ?? '';
  if (service.figures === null) return `pid ${service.pid ?? '-'}`;
  const { connection, trouble, lines, open } = service.figures;
  const link = connection === 'connected' ? '' : `${connection}${trouble === null ? '' : ` (${trouble})`} · `;
  return `${link}${lines} lines, ${open.length} open ${open.length === 1 ? 'part' : 'parts'}`;
}

const ESCAPE = /^\u001b\[[0-9;]*m/;

/** A line cut to a width in columns; colour codes take no room, and colour never runs on behind the cut. */
export function cutLine(line: string, columns: number): string {
  let used = 0;
  let at = 0;
  while (at < line.length) {
    const code = ESCAPE.exec(line.slice(at, at + 12))?.[0];
    if (code !== undefined) {
      at += code.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) as number);
    const wide = columnsOf(character);
    if (used + wide > columns) return `${line.slice(0, at)}${line.includes('\u001b') ? '\u001b[0m' : ''}`;
    used += wide;
    at += character.length;
  }
  return line;
}
