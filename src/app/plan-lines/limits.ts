import { formatSize } from '../../core/sizes.ts';
import { BUILT_IN } from '../config/schema.ts';
import type { PlannedService } from '../plan.ts';
import { lineOf, type PlanLine } from './line.ts';

/** What limits a service; nothing for what is not written. */
export function limitLines(service: PlannedService): PlanLine[] {
  const { memory, log, envFile, boot, cpu, openFiles, tmp, reloadOn, stopSignal } = service;
  const lines: (readonly [key: string, value: string | undefined])[] = [
    ['env-file', envFile],
    ['boot', boot === undefined ? undefined : String(boot)],
    ['memory', memory === undefined ? undefined : memoryText(memory)],
    ['cpu', cpu?.toString()],
    ['open-files', openFiles?.toString()],
    ['tmp', tmp],
    ['reload-on', reloadOn?.join(', ')],
    ['signal', stopSignal?.replace(/^SIG/, '')],
    ['log file', log.file],
    [
      'log mode',
      log.mode === undefined || log.mode === BUILT_IN.logMode ? undefined : `0${log.mode.toString(8)}`,
    ],
  ];
  return lines.flatMap(([key, value]) => (value === undefined ? [] : [lineOf(key, value)]));
}

function memoryText({ softBytes, hardBytes }: NonNullable<PlannedService['memory']>): string {
  return softBytes === undefined
    ? formatSize(hardBytes)
    : `${formatSize(softBytes)}..${formatSize(hardBytes)}`;
}
