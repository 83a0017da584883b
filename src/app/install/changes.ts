import { basename } from 'node:path';
import type { UnitFacts } from '../../core/units.ts';
import { comparePlans, type Plan } from '../plan.ts';
import { DAEMON_UNIT, jobUnit, serviceUnit } from '../unit-names.ts';
import type { OwnFile } from './machine.ts';
import { type InstallFile, type Rendered, SYSUSERS_FILE, TMPFILES_FILE } from './render.ts';
import type { NeededFolder } from './target.ts';

export interface FileChange {
  readonly path: string;
  readonly change: 'new' | 'changed' | 'gone';
  /** Empty where it goes. */
  readonly text: string;
  readonly before: string;
}

/** All that an install does, in the order in which it does it. Units by their names. */
export interface Changes {
  readonly files: readonly FileChange[];
  readonly folders: readonly NeededFolder[];
  /** What the units are to run on, where that is not what stands there already. */
  readonly plan: Plan | undefined;
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  readonly daemon: 'start' | 'restart' | 'reload' | 'leave';
  readonly start: readonly string[];
  readonly restart: readonly string[];
  /** Those that the daemon restarts, when it reloads: what they run is different, not only how. */
  readonly renew: readonly string[];
  readonly stop: readonly string[];
}

export interface Before {
  /** The files of ours that are there. */
  readonly files: readonly OwnFile[];
  /** What the units run on now. */
  readonly plan: Plan | undefined;
  /** What the daemon has written beside it: see unit-lives.ts. */
  readonly lives?: unknown;
  /** What systemd says of the units that there are, by name; empty where it does not run. */
  readonly facts: ReadonlyMap<string, UnitFacts>;
  /** Of an image; '' is the machine itself. */
  readonly root: string;
  /** Whether there is something at a path of the installed machine. */
  readonly has: (path: string) => boolean;
}

/** What an install has to change, and nothing else. Decides only; nothing is touched. */
export function compareInstalls(before: Before, rendered: Rendered, plan: Plan): Changes {
  const files = compareFiles(before.files, rendered.files);
  const changed = new Map(files.map((file) => [basename(file.path), file]));
  const units = rendered.units.filter(({ name }) => name.endsWith('.service'));
  const isNew = (name: string): boolean => changed.get(name)?.change === 'new';
  const needs = restartsOf(before.plan, plan);
  const services = units.filter(({ name }) => name !== DAEMON_UNIT && !jobUnits(plan).includes(name));
  const isUp = (name: string): boolean => isActive(before.facts.get(name));
  const isPlanNew = JSON.stringify(before.plan) !== JSON.stringify(plan);
  const isImage = before.root !== '';
  const daemon = isImage
    ? 'leave'
    : !isUp(DAEMON_UNIT)
      ? 'start'
      : runsOtherwise(changed.get(DAEMON_UNIT))
        ? 'restart'
        : isPlanNew
          ? 'reload'
          : 'leave';
  const changedOnes = services
    .map(nameOf)
    .filter((name) => isUp(name) && (runsOtherwise(changed.get(name)) || needs.has(name)));
  return {
    files,
    // Those of its own an image gets when it boots, by systemd-tmpfiles, which knows their owner.
    folders: rendered.folders.filter(
      ({ path, group }) => !(isImage && group !== undefined) && !before.has(path),
    ),
    plan: isPlanNew ? plan : undefined,
    enable: units
      .filter((unit) => unit.boot && !bootedBefore(changed.get(unit.name), unit.name, isNew))
      .map(nameOf),
    disable: units
      .filter((unit) => !unit.boot && hasInstall(changed.get(unit.name)?.before ?? ''))
      .map(nameOf),
    daemon,
    start: services.filter(({ name, boot }) => !isImage && boot && isNew(name) && !isUp(name)).map(nameOf),
    restart: changedOnes.filter((name) => daemon !== 'reload' || !needs.has(name)),
    renew: changedOnes.filter((name) => daemon === 'reload' && needs.has(name)),
    stop: files
      .filter(({ path, change }) => change === 'gone' && path.endsWith('.service'))
      .map(({ path }) => basename(path)),
  };
}

/** Whether there is nothing to do at all. */
export function isNothing(changes: Changes): boolean {
  const { files, folders, plan, daemon, restart } = changes;
  return files.length + folders.length + restart.length === 0 && plan === undefined && daemon === 'leave';
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function jobUnits({ jobs = [] }: Plan): readonly string[] {
  return jobs.map(({ name }) => jobUnit(name));
}

function isActive(facts: UnitFacts | undefined): boolean {
  return facts !== undefined && ['active', 'reloading', 'activating'].includes(facts.active);
}

function compareFiles(before: readonly OwnFile[], after: readonly InstallFile[]): readonly FileChange[] {
  const old = new Map(before.map(({ path, text }) => [path, text]));
  const changes = after.flatMap(({ path, text }): FileChange[] => {
    const previous = old.get(path);
    old.delete(path);
    if (previous === text) return [];
    const change = previous === undefined ? 'new' : 'changed';
    return [{ path, text, change, before: previous ?? '' }];
  });
  // Users and folders outlive the services that they were made for.
  const kept = [SYSUSERS_FILE, TMPFILES_FILE];
  const gone = [...old]
    .filter(([path]) => !kept.includes(path))
    .map(([path, text]): FileChange => ({ path, text: '', change: 'gone', before: text }));
  return [...changes, ...gone];
}

/** The units whose services have to have a new life, since what they run on is different. */
function restartsOf(before: Plan | undefined, after: Plan): ReadonlySet<string> {
  if (before === undefined) return new Set();
  const restarted = new Set(
    comparePlans(before, after)
      .filter(({ change }) => change === 'restart')
      .map(({ name }) => name),
  );
  return new Set(after.services.filter(({ name }) => restarted.has(name)).map(serviceUnit));
}

/** Whether what runs does not match its file: order and description say nothing about what runs. */
function runsOtherwise(file: FileChange | undefined): boolean {
  return file?.change === 'changed' && sectionOf(file.before, 'Service') !== sectionOf(file.text, 'Service');
}

function sectionOf(text: string, section: string): string {
  const from = text.indexOf(`[${section}]\n`);
  const to = text.indexOf('\n[', from + 1);
  return from === -1 ? '' : text.slice(from, to === -1 ? undefined : to).trim();
}

function hasInstall(text: string): boolean {
  return text.includes('\n[Install]\n');
}

/** Whether it was to start with the machine already: what a person has said since, by systemctl disable, holds. */
function bootedBefore(file: FileChange | undefined, name: string, isNew: (name: string) => boolean): boolean {
  return !isNew(name) && (file === undefined || hasInstall(file.before));
}
