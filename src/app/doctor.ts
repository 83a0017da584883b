import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { networkFilesystem } from '../core/folder-lock.ts';
import { createRpcClient } from '../core/rpc-client.ts';
import { approximateSize } from '../core/sizes.ts';
import type { LoadedConfig } from './config/load.ts';
import type { ControlApi } from './control-api.ts';
import { unitScores } from './install/scores.ts';
import type { Plan, PlannedService } from './plan.ts';
import { checkPipeline } from './pipeline/checks.ts';
import { pipelineTarget } from './pipeline/control.ts';
import { statePaths } from './state.ts';

/** One thing that was looked at. `odd` works, but somebody should know. */
export interface Check {
  readonly what: string;
  readonly verdict: 'fine' | 'odd' | 'wrong';
  readonly found: string;
  /** What more there is to know, a line each. */
  readonly more?: readonly string[];
}

/** Below this much free space, or this share of inodes, a disk will be full soon. */
const LITTLE_BYTES = 1_073_741_824;
const LITTLE_INODES = 0.05;
const FEW_FILES = 4_096;

/** The program that looks, for what it would install. */
export interface OwnProgram {
  readonly program: readonly string[];
  readonly version: string;
}

/** Looks at everything that Vahti needs of this machine; changes nothing. */
export async function examine(loaded: LoadedConfig, own: OwnProgram): Promise<readonly Check[]> {
  const checks = [
    checkNode(),
    checkConfig(loaded),
    checkOpenFiles(),
    ...checkTools(loaded),
    checkSystemd(loaded),
  ];
  if (loaded.plan !== undefined) {
    const { state, services } = loaded.plan;
    checks.push(await checkDaemon(state), ...checkFolder('state', state));
    for (const service of services) {
      if (service.collect !== undefined) checks.push(...checkFolder(service.name, service.collect.into));
      if (service.pipeline !== undefined) {
        const target = pipelineTarget(service.name, service.pipeline, statePaths(state));
        const path = service.env['PATH'] ?? process.env['PATH'] ?? '';
        checks.push(
          ...checkFolder(service.name, service.pipeline.products),
          ...(await checkPipeline({ target, cwd: service.cwd, path })),
        );
      }
    }
    checks.push(...(await checkUnits(loaded.plan, own)));
  }
  return checks;
}

function checkNode(): Check {
  const verdict = Number.parseInt(process.versions.node, 10) >= 24 ? 'fine' : 'wrong';
  return { what: 'node', verdict, found: `${process.version}, ${process.arch}, ${process.execPath}` };
}

function checkConfig({ file, diagnostics }: LoadedConfig): Check {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const verdict = errors > 0 ? 'wrong' : warnings > 0 ? 'odd' : 'fine';
  return {
    what: 'config',
    verdict,
    found: `${file}: ${errors} errors, ${warnings} warnings${diagnostics.length > 0 ? ' (vahti check shows them)' : ''}`,
  };
}

/** Every service takes two pipes, a log file and a socket of the daemon's. */
function checkOpenFiles(): Check {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? 'unknown';
  const few = Number(soft) < FEW_FILES;
  return {
    what: 'open files',
    verdict: few ? 'odd' : 'fine',
    found: `${soft} at most${few ? `; for many services allow ${FEW_FILES} (ulimit -n)` : ''}`,
  };
}

/** What util-linux has for limits, and which key of a service asks for it. */
const TOOLS = [
  ['setpriv', 'a user', (service: PlannedService) => service.user],
  ['prlimit', 'open-files', (service: PlannedService) => service.openFiles],
  ['taskset', 'cpu', (service: PlannedService) => service.cpu],
] as const;

function checkTools({ plan }: LoadedConfig): Check[] {
  return TOOLS.map(([what, key, wish]) => {
    const needed = plan?.services.some((service) => wish(service) !== undefined) === true;
    const there = existsSync(`/usr/bin/${what}`) || existsSync(`/bin/${what}`);
    if (there) return { what, verdict: 'fine', found: `there, for services with ${key}` };
    return {
      what,
      verdict: needed ? 'wrong' : 'fine',
      found: `missing (util-linux)${needed ? `, and services with ${key} need it` : ', and nothing needs it'}`,
    };
  });
}

function checkSystemd({ plan }: LoadedConfig): Check {
  const booted = existsSync('/run/systemd/system');
  const units = plan?.services.filter(({ unit }) => unit !== undefined).length ?? 0;
  if (units > 0 && !booted)
    return {
      what: 'systemd',
      verdict: 'wrong',
      found: `does not run here, and ${units} of the services are its units`,
    };
  return {
    what: 'systemd',
    verdict: 'fine',
    found: booted ? 'runs here; vahti up works beside it' : 'does not run here; vahti up needs none',
  };
}

/** Above that systemd itself speaks of an exposed unit. */
const EXPOSED = 7;

/** The units that are installed, as systemd measures them. */
async function checkUnits(plan: Plan, own: OwnProgram): Promise<Check[]> {
  const scores = await unitScores(plan, { ...own, clock: systemClock });
  return scores.map(({ unit, score, trouble, leftOut }) => ({
    what: unit,
    verdict: score === undefined || score >= EXPOSED ? 'odd' : 'fine',
    found:
      score === undefined
        ? `cannot measure how exposed it is: ${trouble ?? ''}`
        : `exposure ${score.toFixed(1)} of 10, as systemd measures it; without:`,
    more: leftOut.map(({ line, why }) => `${line}: ${why}`),
  }));
}

async function checkDaemon(state: string): Promise<Check> {
  const answer = await createRpcClient<ControlApi>(statePaths(state).control).call('status', {});
  if (answer.ok)
    return {
      what: 'daemon',
      verdict: 'fine',
      found: `runs, pid ${answer.value.pid}, ${answer.value.services.length} services`,
    };
  if (answer.error.kind === 'not-running')
    return { what: 'daemon', verdict: 'fine', found: 'does not run on this state folder' };
  return { what: 'daemon', verdict: 'wrong', found: answer.error.message };
}

/** A folder that is written to: rights, kind of file system, space. One that is missing is judged by the folder above it. */
function checkFolder(what: string, folder: string): Check[] {
  const there = nearestFolder(folder);
  try {
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [{ what, verdict: 'wrong', found: `${there} cannot be written by this user` }];
  }
  const { type, bavail, bsize, files, ffree } = statfsSync(there);
  const network = networkFilesystem(type);
  if (network !== undefined)
    return [
      {
        what,
        verdict: 'wrong',
        found: `${there} lies on ${network}; locks and syncs there cannot be trusted`,
      },
    ];
  const free = bavail * bsize;
  const inodes = files === 0 ? 1 : ffree / files;
  const little = free < LITTLE_BYTES || inodes < LITTLE_INODES;
  return [
    {
      what,
      verdict: little ? 'odd' : 'fine',
      found: `${folder}: ${approximateSize(free)} free, ${Math.round(inodes * 100)} % of the inodes`,
    },
  ];
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
