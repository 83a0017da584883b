import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { createServer } from 'node:net';
import { networkFilesystem } from '../../core/folder-lock.ts';
import { errorCode } from '../../core/result.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import { askFigures, type PipelineTarget } from './control.ts';

/** Something that `vahti doctor` says of a pipeline. */
export interface PipelineCheck {
  readonly what: string;
  readonly verdict: 'fine' | 'odd' | 'wrong';
  readonly found: string;
}

/** Folders of inboxes that an inotify limit should be good for. */
const FEW_WATCHES = 8192;
const FEW_INSTANCES = 128;

export interface LookedAt {
  readonly target: PipelineTarget;
  /** Where its commands run, and where they are looked for. */
  readonly cwd: string;
  readonly path: string;
  /** Limits of the kernel, absolute; for tests. */
  readonly limits?: string;
}

/** Everything that a pipeline needs of this machine; nothing is changed. */
export async function checkPipeline(looked: LookedAt): Promise<readonly PipelineCheck[]> {
  const { target } = looked;
  const found = [
    ...checkLedger(target),
    ...target.plan.inboxes.flatMap((inbox) => checkInbox(inbox, target.plan)),
    ...checkProducts(target.plan),
    ...checkInotify(looked.limits ?? '/proc/sys/fs/inotify'),
    ...(await checkStatus(target)),
    ...checkCommands(looked),
  ];
  const what = target.name;
  if (found.length > 0) return found.map((each) => ({ what, ...each }));
  return [{ what, verdict: 'fine', found: 'all that its inboxes and its steps need is there' }];
}

type Found = Omit<PipelineCheck, 'what'>;

const wrong = (found: string): Found => ({ verdict: 'wrong', found });
const odd = (found: string): Found => ({ verdict: 'odd', found });

function checkLedger({ folder }: PipelineTarget): readonly Found[] {
  const network = networkOf(folder);
  return network === undefined
    ? []
    : [wrong(`its ledger ${folder} lies on ${network}; locks and syncs there cannot be trusted`)];
}

function checkInbox(
  { name, root }: PipelinePlan['inboxes'][number],
  { products }: PipelinePlan,
): readonly Found[] {
  const about = `the inbox ${name}, ${root},`;
  const trouble = accessTrouble(root, constants.R_OK | constants.X_OK);
  if (trouble === 'missing') return [wrong(`${about} is not there`)];
  if (trouble !== undefined) return [wrong(`${about} cannot be read by this user`)];
  const network = networkOf(root);
  const found: Found[] = [];
  if (network !== undefined)
    found.push(odd(`${about} lies on ${network}: what other machines write there is seen at each scan only`));
  else if (deviceOf(root) !== deviceOf(nearestFolder(products)))
    found.push({
      verdict: 'fine',
      found: `${about} is on another filesystem than the products: steps read across`,
    });
  return found;
}

function checkProducts({ products }: PipelinePlan): readonly Found[] {
  const there = nearestFolder(products);
  const trouble = accessTrouble(there, constants.R_OK | constants.W_OK | constants.X_OK);
  if (trouble !== undefined) return [wrong(`its products, ${products}, cannot be written by this user`)];
  const network = networkOf(there);
  return network === undefined
    ? []
    : [
        odd(
          `its products, ${products}, lie on ${network}: renames there are only as whole as its server makes them`,
        ),
      ];
}

function checkInotify(limits: string): readonly Found[] {
  const watches = numberIn(join(limits, 'max_user_watches'));
  const instances = numberIn(join(limits, 'max_user_instances'));
  return [
    ...(watches !== undefined && watches < FEW_WATCHES
      ? [
          odd(
            `folders that can be watched: ${watches} (fs.inotify.max_user_watches); with more of them each is seen at scans only`,
          ),
        ]
      : []),
    ...(instances !== undefined && instances < FEW_INSTANCES
      ? [odd(`programs that can watch folders: ${instances} (fs.inotify.max_user_instances)`)]
      : []),
  ];
}

/** Whether the address of its status endpoint can be had, where its service does not have it already. */
async function checkStatus(target: PipelineTarget): Promise<readonly Found[]> {
  const { status } = target.plan;
  if (status === undefined) return [];
  const asked = await askFigures(target);
  if (asked.ok && asked.value.running) return [];
  const trouble = await listenTrouble(status);
  return trouble === undefined
    ? []
    : [
        wrong(
          `cannot answer at ${status.host}:${status.port}: ${trouble === 'EADDRINUSE' ? 'another program has that port' : trouble}`,
        ),
      ];
}

function listenTrouble({ host, port }: NonNullable<PipelinePlan['status']>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error) ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

function checkCommands({ target, cwd, path }: LookedAt): readonly Found[] {
  return target.plan.steps.flatMap((step) => {
    const [command = ''] = step.run;
    const own = step.env['PATH'] ?? path;
    if (!step.enabled || command.includes('{') || isCommand(command, cwd, own)) return [];
    return [wrong(`cannot find the command ${command} of the step ${step.name}`)];
  });
}

function isCommand(command: string, cwd: string, path: string): boolean {
  const places = command.includes('/')
    ? [isAbsolute(command) ? command : join(cwd, command)]
    : path.split(delimiter).map((folder) => join(folder === '' ? cwd : folder, command));
  return places.some(
    (place) => accessTrouble(place, constants.X_OK) === undefined && statSync(place).isFile(),
  );
}

function accessTrouble(path: string, mode: number): 'missing' | 'refused' | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (thrown) {
    const code = errorCode(thrown);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'refused';
  }
}

function networkOf(path: string): string | undefined {
  return networkFilesystem(statfsSync(nearestFolder(path)).type);
}

function deviceOf(path: string): number {
  return statSync(path).dev;
}

function numberIn(file: string): number | undefined {
  try {
    const read = Number(readFileSync(file, 'utf8').trim());
    return Number.isFinite(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
