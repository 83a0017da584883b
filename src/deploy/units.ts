import { pathToFileURL } from 'node:url';
import { harden, type LeftOut } from './hardening.ts';
import { assignment, barePath, commandLine, listedPath, sentence, timeSpan, word } from './quoting.ts';
import { type Line, type UnitSections, unitText } from './unit-file.ts';
import type { DaemonUnitSpec, JobUnitSpec, ServiceUnitSpec, UnitSpec } from './unit-specs.ts';

/** A unit file, and what of its hardening is left out. */
export interface RenderedUnit {
  /** `vahti-clock.service` */
  readonly name: string;
  readonly text: string;
  readonly leftOut: readonly LeftOut[];
  /** Whether it starts with the machine. */
  readonly boot: boolean;
}

/** How soon a unit is started again; more is for the daemon to say, which sees a loop and paces it. */
const RESTART = '1s';
/** Without a sign of life for so long, our own program is killed and started again. */
const WATCHDOG = '60s';

const NETWORK: readonly Line[] = [
  ['Wants', 'network-online.target'],
  ['After', 'network-online.target'],
];

/** The unit of a service. */
export function renderService(spec: ServiceUnitSpec): RenderedUnit {
  const { notifies, tellsReady, needs, memoryMax, cpu, openFiles, stopSignal, noRestartOn } = spec;
  const own = stopSignal !== undefined && !CLEAN_SIGNALS.includes(stopSignal);
  return render(spec, {
    unit: [
      ...NETWORK,
      needs.length === 0 ? undefined : ['After', needs.join(' ')],
      ['StartLimitIntervalSec', '0'],
    ],
    start: notifies ? NOTIFIES : tellsReady ? TELLS_READY : [['Type', 'exec']],
    service: [
      ['Restart', 'always'],
      ['RestartSec', RESTART],
      noRestartOn.length === 0 ? undefined : ['RestartPreventExitStatus', noRestartOn.join(' ')],
      own ? ['SuccessExitStatus', stopSignal] : undefined,
      // Our own kinds end their children themselves: a pipeline lets its steps come to their end.
      ['KillMode', notifies ? 'mixed' : 'control-group'],
      stopSignal === undefined ? undefined : ['KillSignal', stopSignal],
      // No MemoryHigh for a soft limit: it slows a service down that the daemon is about to renew.
      memoryMax === undefined ? undefined : ['MemoryMax', String(memoryMax)],
      cpu === undefined ? undefined : ['CPUQuota', `${Math.max(1, Math.round(cpu * 100))}%`],
      openFiles === undefined ? undefined : ['LimitNOFILE', String(openFiles)],
      ['SyslogIdentifier', word(spec.service)],
    ],
  });
}

/** The unit of a job: the daemon starts it, nothing else does. */
export function renderJob(spec: JobUnitSpec): RenderedUnit {
  const { mostMs, nice, job } = spec;
  return render(spec, {
    // Tries may follow each other quickly.
    unit: [['StartLimitIntervalSec', '0']],
    start: [['Type', 'oneshot']],
    service: [
      ['TimeoutStartSec', timeSpan(mostMs)],
      ['KillMode', 'mixed'],
      nice === undefined ? undefined : ['Nice', String(nice)],
      ['SyslogIdentifier', word(`job/${job}`)],
    ],
  });
}

/** The unit of the daemon. Its end leaves all other units running. */
export function renderDaemon(spec: DaemonUnitSpec): RenderedUnit {
  return render(spec, {
    unit: [...NETWORK, ['StartLimitIntervalSec', '0']],
    start: NOTIFIES,
    service: [
      ['ExecReload', '/bin/kill -HUP $MAINPID'],
      ['Restart', 'always'],
      ['RestartSec', RESTART],
      ['RestartPreventExitStatus', spec.noRestartOn.join(' ')],
      ['KillMode', 'mixed'],
      ['SyslogIdentifier', 'vahti'],
    ],
  });
}

/** Signals that end a service of systemd's cleanly: systemd.service(5), Restart=. */
const CLEAN_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/** Node has no datagram sockets: what it says comes from systemd-notify(1), which is its child. */
const TELLS_READY: readonly Line[] = [
  ['Type', 'notify'],
  ['NotifyAccess', 'all'],
  // How long it may take is for the daemon to say.
  ['TimeoutStartSec', 'infinity'],
];
const NOTIFIES: readonly Line[] = [...TELLS_READY, ['WatchdogSec', WATCHDOG]];

interface Parts {
  readonly unit: readonly Line[];
  readonly start: readonly Line[];
  readonly service: readonly Line[];
}

function render(spec: UnitSpec, { unit, start, service }: Parts): RenderedUnit {
  const hardening = harden(spec.sandbox);
  const {
    config,
    user,
    group,
    moreGroups = [],
    cwd,
    environmentFile,
    env,
    argv,
    stopMs,
    boot,
    credential,
  } = spec;
  const sections: UnitSections = {
    Unit: [
      ['Description', sentence(spec.description)],
      ['Documentation', pathToFileURL(config).href.replaceAll('%', '%%')],
      ...unit,
      ['RequiresMountsFor', [...new Set([cwd, ...spec.sandbox.writes])].sort().map(listedPath).join(' ')],
    ],
    Service: [
      ...start,
      [
        'ExecStart',
        `${commandLine(argv)}${credential === undefined ? '' : ` ${word(`\${CREDENTIALS_DIRECTORY}/${credential.name}`)}`}`,
      ],
      credential && ['LoadCredential', word(`${credential.name}:${credential.file}`)],
      ['User', user],
      group === undefined ? undefined : ['Group', group],
      moreGroups.length === 0 ? undefined : ['SupplementaryGroups', moreGroups.join(' ')],
      ['WorkingDirectory', barePath(cwd)],
      ...Object.entries(env).map(([name, value]): Line => ['Environment', assignment(name, value)]),
      ['EnvironmentFile', `-${barePath(environmentFile)}`],
      ...service,
      ['TimeoutStopSec', timeSpan(stopMs)],
      spec.version === undefined ? undefined : ['X-Vahti-Version', sentence(spec.version)],
      ...hardening.lines,
    ],
    ...(boot ? { Install: [['WantedBy', 'multi-user.target'] as const] } : {}),
  };
  return { name: spec.unit, text: unitText(spec.unit, config, sections), leftOut: hardening.leftOut, boot };
}
