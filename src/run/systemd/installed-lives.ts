import type { Exit } from '../../core/processes.ts';
import { signalName } from './unit-end.ts';
import type { Told } from './unit-told.ts';

/** What a command that could not be started says, as its last word: see cli/run-unit.ts. */
const NOT_STARTED = /^cannot start /;
const NOT_STARTED_CODE = 203;

/**
 * What is told of a unit that somebody else made, as it is told of a service of ours: that systemd has given up is nothing, since it
 * is us who start it again; and that a command could not be started is told in its own words.
 */
export function plainTold(told: readonly Told[], tail: (life: string) => readonly string[]): readonly Told[] {
  return told
    .filter(({ kind, fields, message }) => {
      if (kind !== 'flip') return true;
      return fields?.['trouble'] !== 'failed' && message !== 'no longer failed';
    })
    .map((each) => {
      const { fields, message } = each;
      if (each.kind === 'exit' && codeOf(fields) === NOT_STARTED_CODE) {
        const why = tail(each.life).findLast((line) => NOT_STARTED.test(line));
        return why === undefined ? each : { ...each, message: why };
      }
      const isMissing = each.kind === 'flip' && fields?.['trouble'] === 'not-found';
      return isMissing
        ? { ...each, message: `${message.replace(/^missing: /, '')}: run vahti install` }
        : each;
    });
}

function codeOf(fields: Told['fields']): number | undefined {
  const exit = fields?.['exit'] as { readonly kind?: string; readonly status?: number } | undefined;
  return exit?.kind === 'exited' ? exit.status : undefined;
}

/** How a life ended, as the record of it says. */
export function endedEvent({ fields }: Told): {
  readonly exit: Exit;
  readonly livedMs: number;
  readonly asked: boolean;
} {
  const exit = fields?.['exit'] as { readonly kind: string; readonly status: number } | undefined;
  const livedMs = fields?.['livedMs'];
  return {
    exit: exitOf(exit),
    livedMs: typeof livedMs === 'number' ? livedMs : 0,
    asked: fields?.['asked'] === true,
  };
}

function exitOf(exit: { readonly kind: string; readonly status: number } | undefined): Exit {
  if (exit === undefined) return { kind: 'failed', error: '' };
  return exit.kind === 'exited'
    ? { kind: 'exited', code: exit.status }
    : { kind: 'signalled', signal: signalName(exit.status) as NodeJS.Signals };
}
