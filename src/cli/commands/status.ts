import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import type { DaemonStatus, ServiceStatus } from '../../app/control-api.ts';
import { answered, controlClient, unknownService } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printJson, table } from '../output.ts';
import { jobsText } from '../job-words.ts';
import { shippingText } from '../shipping-words.ts';
import { heldText } from '../silence-words.ts';
import { watchText } from '../watch-words.ts';
import { ago, figuresText, limitText, stateText, unitText, waitText } from '../words.ts';

export function addStatus(program: Command): void {
  subcommand(program, 'status [name...]', 'show what runs, since when, and how it does')
    .addOption(jsonOption())
    .option('--pid', 'print the process ids alone, for scripts')
    .action(async (names: readonly string[], { config, json, pid }: JsonOption & { readonly pid?: true }) => {
      const status = answered(await (await controlClient(config)).call('status', {}));
      const known = status.services.map((service) => service.name);
      const ofJobs = status.jobs.map((job) => `job/${job.name}`);
      for (const name of names)
        if (!known.includes(name) && !ofJobs.includes(name))
          throw unknownService(name, [...known, ...ofJobs]);
      const services = status.services.filter(
        (service) => names.length === 0 || names.includes(service.name),
      );
      const jobs = status.jobs.filter(({ name }) => names.length === 0 || names.includes(`job/${name}`));
      const pids = services.flatMap((service) => service.pid ?? []);
      if (pid) process.stdout.write(pids.map((each) => `${each}\n`).join(''));
      else if (json) printJson({ ...status, services, jobs });
      else process.stdout.write(statusText({ ...status, jobs }, services, systemClock.now()));
    });
}

function statusText(status: DaemonStatus, services: readonly ServiceStatus[], now: number): string {
  const colour = colours(process.stdout);
  const head = `vahti ${status.version} on ${status.config}, pid ${status.pid}, since ${ago(now, status.since)}\n${status.shipping === null ? '' : shippingText(status.shipping, now)}\n`;
  const jobs = status.jobs.length === 0 ? '' : jobsText(status.jobs, now, colour);
  if (services.length === 0) return jobs === '' ? `${head}no services\n` : head + jobs;
  const rows = services.map((service) => [
    service.name,
    stateText(service, colour),
    ago(now, service.since),
    service.pid === null ? '-' : String(service.pid),
    String(service.startsInWindow),
    detailText(service, now),
  ]);
  return (
    head +
    table([
      ['NAME', 'STATE', 'SINCE', 'PID', 'STARTS', 'DETAIL'].map((word) => paint(colour, 'dim', word)),
      ...rows,
    ]) +
    (jobs === '' ? '' : `\n${jobs}`)
  );
}

function detailText(service: ServiceStatus, now: number): string {
  const said = unitText(service) ?? waitText(service) ?? figuresText(service) ?? service.lastExit?.text;
  return [watchText(service), heldText(service, now), limitText(service), said]
    .filter((part) => part !== undefined)
    .join('; ');
}
