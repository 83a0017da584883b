import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { NO_SSHD, sessions, type Sshd, startSshd } from '../../rig/sshd.ts';
import { number } from '../number-text.ts';
import { median, table } from '../table.ts';
import { runsVerb } from './contestant.ts';
import { type Cost, costOf, usedBy, word } from './cost.ts';
import { makeParts } from './made-up-parts.ts';

export interface SyncOptions {
  readonly folder: string;
  readonly megabytes: number;
  readonly files: number;
  readonly rounds: number;
}

/** Over ssh here: what it costs at both ends. */
interface SyncTrial extends Cost {
  readonly far: number;
}

interface Scene {
  readonly root: string;
  readonly there: string;
  readonly state: string;
  readonly sshd: Sshd;
}

type Step = readonly [title: string, command: (scene: Scene) => string];

const ours =
  (more: Readonly<Record<string, unknown>>) =>
  ({ root, there, state, sshd }: Scene) =>
    runsVerb('sync', state, {
      root,
      to: `${sshd.host}:${there}`,
      identity: sshd.identity,
      'ssh-options': sshd.options,
      reverify: 'none',
      ...more,
    });

const rsync =
  (options: string) =>
  ({ root, there, sshd }: Scene) => {
    const ssh = ['ssh', '-i', sshd.identity, ...sshd.options.flatMap((option) => ['-o', option])].map(
      (each) => word(each),
    );
    // Like ours it leaves the collector's own folder out.
    return `rsync ${options} --exclude=/.vahti -e ${word(ssh.join(' '))} ${word(`${root}/`)} ${word(`${sshd.host}:${there}/`)}`;
  };

/** Each contestant goes on where its step before ended. */
const CONTESTANTS: readonly (readonly Step[])[] = [
  [
    ['Vahti, `sync`: all sent, and read back there', ours({})],
    ['… again, nothing new', ours({})],
    ['… again, a thirtieth read back here and there (the default)', ours({ reverify: '1/30' })],
  ],
  [
    ['`rsync -a`: all sent, nothing read back', rsync('-a')],
    ['… again, nothing new', rsync('-a')],
    ['… `rsync -ac`: all read back here and there', rsync('-ac')],
  ],
];

/** Every contestant so often, in alternating order, over a real sshd on loopback. */
export async function benchSync(options: SyncOptions): Promise<string> {
  if (NO_SSHD !== false) return `Not run: ${NO_SSHD}.\n`;
  const { folder, megabytes, files, rounds } = options;
  const root = join(folder, 'sync-source');
  makeParts(root, files, megabytes * 1e6);
  const ends: (() => unknown)[] = [];
  const sshd = await startSshd({ after: (end: () => unknown) => ends.push(end) } as unknown as TestContext);
  const trials = new Map<Step, SyncTrial[]>();
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const steps of round % 2 === 0 ? CONTESTANTS : CONTESTANTS.toReversed())
        for (const [step, trial] of trialsOf(steps, { root, sshd, folder }))
          trials.set(step, [...(trials.get(step) ?? []), trial]);
  } finally {
    for (const end of ends) await end();
    rmSync(root, { recursive: true });
  }
  const rows = CONTESTANTS.flat().map((step) => {
    const all = trials.get(step) ?? [];
    const middle = (of: (trial: SyncTrial) => number): string => number(median(all.map(of)), 2);
    return [
      step[0],
      middle(({ cpu, far }) => cpu + far),
      middle(({ cpu }) => cpu),
      middle(({ far }) => far),
      middle(({ wall }) => wall),
    ];
  });
  return table(
    [`${number(files)} files, ${number(megabytes)} MB`, 'CPU s', 'of it here', 'there', 'wall s'],
    rows,
  );
}

function* trialsOf(
  steps: readonly Step[],
  { root, sshd, folder }: { readonly root: string; readonly sshd: Sshd; readonly folder: string },
): Generator<[Step, SyncTrial]> {
  const scene = { root, sshd, there: join(folder, 'far'), state: join(folder, 'sync-state') };
  for (const each of [scene.there, scene.state]) mkdirSync(each);
  for (const step of steps) {
    execFileSync('sync');
    const before = usedBy(sshd.pid);
    const cost = costOf(step[1](scene));
    // What a session used counts when it has ended.
    while (sessions(sshd.pid).length > 0) execFileSync('sleep', ['0.02']);
    const trial = { ...cost, far: usedBy(sshd.pid) - before };
    console.error(
      `${step[0]}: ${number(trial.cpu + trial.far, 2)} s of processor, ${number(trial.wall, 2)} s`,
    );
    yield [step, trial];
  }
  const arrived = readdirSync(scene.there, { recursive: true, encoding: 'utf8' });
  const sent = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const missing = sent.filter(
    (name) => name.endsWith('.ndjson') && !name.startsWith('.vahti') && !arrived.includes(name),
  );
  if (missing.length > 0) throw new Error(`${missing.length} files did not arrive`);
  for (const each of [scene.there, scene.state]) rmSync(each, { recursive: true });
}
