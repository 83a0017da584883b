import type { ReportedJob, ReportedService } from '../../wire/page/report.ts';

/** What of a report is worth to be told at once; the rest is told with the figures. */

export function steadyService(service: ReportedService): object {
  const { figures: _figures, watches, stream, ...rest } = service;
  return {
    ...rest,
    // The next look and the last value of a watch change with every look.
    watches: watches.map(({ name, kind, state, since, nextAction }) => [
      name,
      kind,
      state,
      since,
      nextAction?.what,
    ]),
    stream: stream === null ? null : [stream.connection, stream.trouble],
  };
}

export function steadyJob({ next: _next, ...job }: ReportedJob): object {
  return job;
}
