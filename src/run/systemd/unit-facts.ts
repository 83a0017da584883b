import type { ActiveState, UnitExit, UnitFacts, UnitPolicy } from '../../core/units.ts';

/** Reads what `systemctl show` prints, systemctl(1) and org.freedesktop.systemd1(5); written against systemd 239 to 252. */

/** What is asked for of each unit. */
export const PROPERTIES = [
  'Names',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'StateChangeTimestamp',
  'InvocationID',
  'MainPID',
  'ExecMainStartTimestamp',
  'InactiveExitTimestamp',
  'ActiveEnterTimestamp',
  'ExecMainCode',
  'ExecMainStatus',
  'ExecMainExitTimestamp',
  'UnitFileState',
  'ControlGroup',
  'NRestarts',
  'Restart',
  'RestartUSec',
  'StartLimitBurst',
  'StartLimitIntervalUSec',
  'WatchdogUSec',
  'MemoryMax',
] as const;

type Property = (typeof PROPERTIES)[number];
type Properties = Partial<Record<Property, string>>;

const ACTIVE_STATES: readonly ActiveState[] = [
  'active',
  'reloading',
  'inactive',
  'failed',
  'activating',
  'deactivating',
  'maintenance',
  'refreshing',
];

/**
 * The facts of units, in the order in which they were asked for. Undefined where the text is not what was asked for: another
 * number of units, another unit, no state.
 */
export function parseFacts(text: string, names: readonly string[]): readonly UnitFacts[] | undefined {
  const blocks = text
    .split('\n\n')
    .map((block) => block.trim())
    .filter((block) => block !== '');
  if (blocks.length !== names.length) return undefined;
  const facts = names.map((name, index) => toFacts(name, propertiesOf(blocks[index] ?? '')));
  return facts.every((each) => each !== undefined) ? facts : undefined;
}

function propertiesOf(block: string): Properties {
  const found: Properties = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf('=');
    const name = PROPERTIES.find((each) => each === line.slice(0, at));
    if (name !== undefined) found[name] = line.slice(at + 1);
  }
  return found;
}

function toFacts(name: string, found: Properties): UnitFacts | undefined {
  const active = ACTIVE_STATES.find((state) => state === found.ActiveState);
  if (active === undefined || found.LoadState === undefined) return undefined;
  if (!(found.Names ?? '').split(' ').includes(name)) return undefined;
  const pid = wholeNumber(found.MainPID);
  return {
    name,
    load: found.LoadState,
    active,
    sub: found.SubState ?? '',
    result: found.Result ?? 'success',
    since: wallTime(found.StateChangeTimestamp),
    invocation: /^[0-9a-f]{32}$/.exec(found.InvocationID ?? '')?.[0] ?? null,
    pid: pid === undefined || pid === 0 ? null : pid,
    startedAt: startOf(found),
    activeAt: wallTime(found.ActiveEnterTimestamp),
    exit: exitOf(found),
    restarts: wholeNumber(found.NRestarts) ?? 0,
    enabled: found.UnitFileState ?? '',
    group: found.ControlGroup === undefined || found.ControlGroup === '' ? null : found.ControlGroup,
    policy: policyOf(found),
  };
}

/** While a run prepares its start, the times of the main process are those of the run before. */
function startOf({ ExecMainStartTimestamp, InactiveExitTimestamp }: Properties): number | null {
  const main = wallTime(ExecMainStartTimestamp);
  const run = wallTime(InactiveExitTimestamp);
  if (main === null || run === null) return main ?? run;
  return Math.max(main, run);
}

/** CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2). */
const EXIT_KINDS: Readonly<Record<string, UnitExit['kind']>> = {
  '1': 'exited',
  '2': 'killed',
  '3': 'dumped',
};

function exitOf({ ExecMainCode, ExecMainStatus, ExecMainExitTimestamp }: Properties): UnitExit | null {
  const kind = EXIT_KINDS[ExecMainCode ?? ''];
  const status = wholeNumber(ExecMainStatus);
  return kind === undefined || status === undefined
    ? null
    : { kind, status, at: wallTime(ExecMainExitTimestamp) };
}

function policyOf(found: Properties): UnitPolicy {
  const burst = wholeNumber(found.StartLimitBurst) ?? 0;
  const intervalMs = timeSpan(found.StartLimitIntervalUSec) ?? 0;
  const watchdogMs = timeSpan(found.WatchdogUSec);
  return {
    restart: found.Restart ?? 'no',
    delayMs: timeSpan(found.RestartUSec),
    startLimit: burst > 0 && intervalMs > 0 ? { burst, intervalMs } : null,
    watchdogMs: watchdogMs === 0 ? null : watchdogMs,
    memoryBytes: wholeNumber(found.MemoryMax) ?? null,
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  const value = /^\d{1,16}$/.test(text ?? '') ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

const TIMESTAMP = /^(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))? UTC$/;

/**
 * `Sun 2026-11-22 08:11:47.250342 UTC` as wall milliseconds; null for `n/a` and nothing. Without a fraction (systemd before 247)
 * it is the end of that second: what is written before a run is certain to have begun is no evidence of it.
 */
export function wallTime(text: string | undefined): number | null {
  const [, day, time, fraction] = TIMESTAMP.exec(text ?? '') ?? [];
  if (day === undefined || time === undefined) return null;
  const seconds = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(seconds)) return null;
  return seconds + (fraction === undefined ? 999 : Math.floor(Number(`0.${fraction}`) * 1000));
}

/** What each unit of a time span is worth, milliseconds; systemd.time(7): a month is 30.44 days. */
const SPAN_UNITS: Readonly<Record<string, number>> = {
  y: 31_557_600_000,
  month: 2_629_800_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  min: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
};

/** `1min 30s`, `100ms` or `0` as milliseconds; null for `infinity` and what is no time span. */
export function timeSpan(text: string | undefined): number | null {
  if (text === '0') return 0;
  let total = 0;
  for (const part of (text ?? '').split(' ')) {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(part) ?? [];
    const worth = SPAN_UNITS[unit];
    if (digits === undefined || worth === undefined) return null;
    total += Number(digits) * worth;
  }
  return total;
}
