import { approximateDuration } from '../core/durations.ts';
import type { Exit } from '../core/processes.ts';
import { LEVELS, type RecordKind } from '../core/record.ts';
import { joinNames } from './needs.ts';
import type { LaneState } from './lanes.ts';
import type { Effect, RecordEffect, ServiceEvent, ServiceState } from './service-state.ts';

/** What the machine says to people: the records of actions, exits, lanes and states. */

/** `exited with code 3 after 12.4s`, `ended by SIGSEGV after 3h5m`, or why it could not be started. */
function describeExit(exit: Exit, livedMs: number, how: { asked: boolean; killed: boolean }): string {
  if (exit.kind === 'failed') return exit.error;
  const what = exit.kind === 'exited' ? `exited with code ${exit.code}` : `ended by ${exit.signal}`;
  const lived = `${what} after ${approximateDuration(livedMs)}`;
  if (how.asked) return how.killed ? `${lived}, killed at the stop deadline` : `${lived}, as asked`;
  return how.killed ? `${lived}; the rest of its processes had to be killed` : lived;
}

/** An end that was asked for is information, unless it took SIGKILL; any other is a warning or an error. */
function exitLevel(exit: Exit, asked: boolean, killed: boolean): number {
  if (asked) return killed ? LEVELS.warn : LEVELS.info;
  return exit.kind === 'exited' && exit.code === 0 ? LEVELS.warn : LEVELS.error;
}

function laneMessage(lane: LaneState, dueAt: number | null): string {
  const nextTry = dueAt === null ? '' : `; next try at ${new Date(dueAt).toISOString()}`;
  if (lane.lane === 'slow') return `slow lane: ${lane.starts.length} starts in 10 minutes${nextTry}`;
  if (lane.lane === 'backoff') return `backoff lane: ${lane.failures} failures in a row${nextTry}`;
  return 'fast lane again';
}

function record(kind: RecordKind, level: number, message: string, fields?: RecordEffect['fields']): Effect {
  return { kind: 'record', record: { kind, level, message, ...(fields === undefined ? {} : { fields }) } };
}

export function action(event: Extract<ServiceEvent, { kind: 'start' | 'stop' | 'restart' }>): Effect {
  const known = { person: 'a person', boot: 'the boot', vahti: 'vahti' }[event.by];
  const who = (event.kind === 'restart' ? event.who : event.said?.who) ?? known;
  const reason = event.kind === 'restart' ? event.reason : (event.said?.why ?? '');
  const kept = event.kind === 'restart' ? event.fields : event.said;
  const fields = { action: event.kind, by: event.by, ...kept };
  return record(
    'action',
    LEVELS.info,
    `${event.kind} by ${who}${reason === '' ? '' : `: ${reason}`}`,
    fields,
  );
}

export function exitRecord({ ended, asked }: ServiceState, killed: boolean): Effect[] {
  if (ended === null || ended.told === true) return [];
  const { exit, livedMs } = ended;
  const fields = { ...exit, livedMs: Math.round(livedMs), asked, killed };
  return [
    record('exit', exitLevel(exit, asked, killed), describeExit(exit, livedMs, { asked, killed }), fields),
  ];
}

export function laneRecord(from: LaneState, to: LaneState, dueAt: number | null): Effect {
  const level = { fast: LEVELS.info, backoff: LEVELS.warn, slow: LEVELS.error }[to.lane];
  const fields = {
    subject: 'lane',
    from: from.lane,
    to: to.lane,
    failures: to.failures,
    starts: to.starts.length,
    ...(dueAt === null ? {} : { nextStartAt: dueAt }),
  };
  return record('flip', level, laneMessage(to, dueAt), fields);
}

export function blockedRecord(waitsFor: readonly string[]): Effect {
  const fields = { subject: 'state', to: 'blocked', waitsFor };
  return record('flip', LEVELS.info, `blocked: waits for ${joinNames(waitsFor)}`, fields);
}

export function readyRecord({ afterMs, sign }: Extract<ServiceEvent, { kind: 'ready' }>): Effect {
  const fields = { subject: 'ready', to: 'ready', ms: Math.round(afterMs), sign };
  return record('flip', LEVELS.info, `ready after ${approximateDuration(afterMs)}: ${sign}`, fields);
}

export function lateRecord({ withinMs, missing }: Extract<ServiceEvent, { kind: 'late' }>): Effect {
  const fields = { subject: 'ready', to: 'late', withinMs, missing };
  const message = `not ready within ${approximateDuration(withinMs)}: ${missing}`;
  return record('flip', LEVELS.error, message, fields);
}

export function renewRecord({ reason }: Extract<ServiceEvent, { kind: 'renew' }>): Effect {
  return action({ kind: 'restart', by: 'vahti', reason });
}

export function stuckRecord(pids: readonly number[]): Effect {
  const message = `stuck: SIGKILL does not end ${pids.length === 1 ? 'process' : 'processes'} ${pids.join(', ')}; nothing new starts until they are gone`;
  return record('flip', LEVELS.error, message, { subject: 'state', to: 'stuck', pids });
}

export function unstuckRecord(): Effect {
  return record('flip', LEVELS.info, 'no longer stuck: its old processes are gone', {
    subject: 'state',
    from: 'stuck',
  });
}

export function doneRecord(exit: Exit | undefined): Effect {
  const code = exit?.kind === 'exited' ? exit.code : undefined;
  const what = code === undefined ? 'its exit code' : `exit code ${code}`;
  const message = `done: ${what} means no restart; a person can start it again`;
  return record('flip', LEVELS.warn, message, { subject: 'state', to: 'done', code });
}
