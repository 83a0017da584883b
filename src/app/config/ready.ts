import { parseExpression } from '../../core/expression.ts';
import { READY_DEFAULTS, type ReadyConfig, SIGNS } from '../../run/readiness/config.ts';
import { EXPECTED_STATUS, HTTP_VALUES } from '../../run/readiness/http.ts';
import type { Readiness, Sign } from '../../run/readiness/readiness.ts';
import { type Notes, report } from './notes.ts';

/** A built-in kind writes its newline here when its work has begun: a collector at its first commit. */
const BUILT_IN_FD = 3;

/**
 * How a life shows that it is ready; undefined where nothing says it. A built-in kind says it by itself, and may take as long as
 * its source does: a stream that is silent is no reason to restart.
 */
export function resolveReady(
  notes: Notes,
  name: string,
  written: ReadyConfig | undefined,
  builtIn: boolean,
): Readiness | undefined {
  const at = ['services', name, 'ready'];
  if (builtIn) {
    if (written !== undefined)
      report(notes, 'error', at, 'key', `cannot use ready for "${name}": a built-in kind says it by itself`);
    return { sign: { kind: 'fd', fd: BUILT_IN_FD }, withinMs: null };
  }
  if (written === undefined) return undefined;
  const found = SIGNS.filter((key) => written[key] !== undefined);
  if (found.length !== 1) {
    const has = found.length === 0 ? 'it has none of them' : `it has ${found.join(' and ')}`;
    const message = `cannot tell when "${name}" is ready: write exactly one of ${SIGNS.join(', ')}; ${has}`;
    report(notes, 'error', at, 'key', message);
    return undefined;
  }
  checkOptions(notes, at, written);
  const sign = signOf(notes, at, written);
  return sign && { sign, withinMs: written.within ?? READY_DEFAULTS.withinMs };
}

/** What would mean nothing beside the sign that is written. */
function checkOptions(notes: Notes, at: readonly string[], written: ReadyConfig): void {
  const probes = written.http !== undefined || written.tcp !== undefined;
  for (const key of ['every', 'timeout'] as const) {
    if (written[key] === undefined || probes) continue;
    report(notes, 'error', [...at, key], 'key', `cannot use ${key} here: it is for http and tcp`);
  }
  if (written.expect !== undefined && written.http === undefined)
    report(notes, 'error', [...at, 'expect'], 'key', 'cannot use expect here: it is for http');
}

function signOf(notes: Notes, at: readonly string[], written: ReadyConfig): Sign | undefined {
  const { fd, line, http, tcp, every = READY_DEFAULTS.everyMs, timeout = READY_DEFAULTS.timeoutMs } = written;
  const pace = { everyMs: every, timeoutMs: timeout };
  if (fd !== undefined) return { kind: 'fd', fd };
  if (line !== undefined) return { kind: 'line', text: line };
  if (http !== undefined) {
    checkUrl(notes, [...at, 'http'], http);
    const { expect = EXPECTED_STATUS } = written;
    const parsed = parseExpression(expect, { names: HTTP_VALUES });
    if (!parsed.ok) report(notes, 'error', [...at, 'expect'], 'value', parsed.error.message);
    return { kind: 'http', url: http, expect, ...pace };
  }
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(tcp ?? '') ?? [];
  if (Number(port) < 1 || Number(port) > 65_535)
    report(notes, 'error', [...at, 'tcp'], 'value', `cannot use the port ${port}: it is 1 to 65535`);
  return { kind: 'tcp', host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port), ...pace };
}

function checkUrl(notes: Notes, path: readonly string[], http: string): void {
  const url = URL.canParse(http) ? new URL(http) : undefined;
  if (url === undefined) report(notes, 'error', path, 'value', `cannot read "${http}" as an address`);
  else if (url.username !== '' || url.password !== '')
    report(notes, 'error', path, 'value', 'cannot take a user or a password in this address: it is shown');
}
