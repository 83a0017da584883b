import type { AuditRow } from '../hub/access/audit-log.ts';
import type { CodeView, TokenView, UserView } from '../hub/access/views.ts';
import { approximateDuration } from '../core/durations.ts';
import { localText, ownZone } from '../core/zoned-time.ts';
import { paint, printable, table } from './output.ts';

/** What `vahti token list` shows. */
export interface AccessList {
  readonly agents: readonly string[];
  readonly users: readonly UserView[];
  readonly tokens: readonly TokenView[];
  readonly codes: readonly CodeView[];
}

export function accessText({ users, tokens, codes }: AccessList, now: number, colour: boolean): string {
  const heading = (...words: string[]): string[] => words.map((word) => paint(colour, 'dim', word));
  const parts: string[] = [];
  if (tokens.length > 0)
    parts.push(
      table([
        heading('TOKEN', 'OF', 'MADE', 'EXPIRES', 'SEEN', 'STATE', 'LABEL'),
        ...tokens.map((token) => [
          token.id,
          `${token.kind} ${token.name}`,
          agoText(token.created, now),
          token.expires === null ? 'never' : whenText(token.expires, now),
          token.used === null ? 'never' : agoText(token.used, now),
          token.state === 'live' ? token.state : paint(colour, 'red', token.state),
          printable(token.label),
        ]),
      ]),
    );
  if (codes.length > 0)
    parts.push(
      table([
        heading('CODE', 'FOR', 'USES LEFT', 'EXPIRES'),
        ...codes.map((code) => [code.id, codeText(code), String(code.uses), whenText(code.expires, now)]),
      ]),
    );
  if (users.length > 0)
    parts.push(
      table([
        heading('USER', 'ROLE', 'SEES', 'PASSWORD'),
        ...users.map(({ name, role, agents, password }) => [
          name,
          role,
          agents === null ? 'all' : agents.join(', ') || 'none',
          password ? 'yes' : 'no',
        ]),
      ]),
    );
  return parts.length === 0 ? 'nobody may come in yet\n' : parts.join('\n');
}

function codeText({ kind, name }: CodeView): string {
  if (kind === 'link') return `login of ${name}`;
  return name === null ? 'any new agent' : `agent ${name}`;
}

function whenText(at: number, now: number): string {
  return at > now ? `in ${approximateDuration(at - now)}` : agoText(at, now);
}

function agoText(at: number, now: number): string {
  return `${approximateDuration(Math.max(0, now - at))} ago`;
}

export function auditText(rows: readonly AuditRow[], colour: boolean): string {
  if (rows.length === 0) return 'nothing was done yet\n';
  const zone = ownZone();
  return table([
    [`TIME (${zone})`, 'WHO', 'FROM', 'WHOM', 'WHAT'].map((word) => paint(colour, 'dim', word)),
    ...rows.map(({ time, who, address, whom, what, times }) => [
      localText(time, zone),
      printable(who),
      address === '' ? '-' : printable(address),
      whom === '' ? '-' : printable(whom),
      `${printable(what)}${times === 1 ? '' : ` (${times} times)`}`,
    ]),
  ]);
}
