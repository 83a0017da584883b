import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v from 'valibot';
import { duration, text } from '../../core/fields.ts';
import { approximateSize } from '../../core/sizes.ts';
import type { Judgement } from '../judgement.ts';
import { bad, late, ok, span, unknown } from './judgement.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';
import { type Amount, amount, percentage } from './options.ts';
import { splitKind } from './split-kind.ts';
import { type Sample, slope, spanned, withSample } from './trend.ts';

const options = v.strictObject({
  path: v.pipe(
    v.optional(text('a path')),
    v.description('A file or folder on the file system; by default the config’s folder.'),
  ),
  left: v.pipe(
    v.optional(amount),
    v.description('How much has to be free, a share or a size; 10% where nothing is said.'),
  ),
  inodes: v.pipe(
    v.optional(percentage()),
    v.description('How much of its inodes has to be free, where it counts them; 5% where nothing is said.'),
  ),
  'full-in': v.pipe(
    v.optional(duration),
    v.description('It is late when the space would be used up within this time.'),
  ),
  over: v.pipe(
    v.optional(duration),
    v.description('Over how long the trend for `full-in` is taken; 1h where nothing is said.'),
  ),
});
type Options = v.InferOutput<typeof options>;

const DEFAULT_LEFT: Amount = { share: 0.1 };
const DEFAULT_INODES = 0.05;
const DEFAULT_OVER_MS = 3_600_000;

/** A file system, as who is not root finds it. */
export interface DiskFigures {
  /** Bytes that can still be written, and of how many. */
  readonly free: number;
  readonly total: number;
  readonly inodesFree: number;
  /** 0 where the file system does not count them. */
  readonly inodes: number;
}

export interface DiskLimits {
  readonly left: Amount;
  readonly inodes: number;
  readonly fullInMs?: number | undefined;
}

const percent = (share: number): string => `${Math.floor(share * 1000) / 10}%`;

/** Judges a file system. @param fullIn milliseconds until it would be full; undefined where it does not fill, or nobody knows yet. */
export function judgeDisk(
  name: string,
  figures: DiskFigures,
  limits: DiskLimits,
  fullIn: number | undefined,
): Judgement {
  const { free, total, inodes, inodesFree } = figures;
  const share = total === 0 ? 0 : free / total;
  const inodeShare = inodes === 0 ? 1 : inodesFree / inodes;
  const value = `${approximateSize(free)} (${percent(share)}) free`;
  const { bytes, share: leastShare = 0 } = limits.left;
  const reason = `${name} has ${value}`;
  if (bytes !== undefined && free < bytes) return bad(value, `${reason}, ${approximateSize(bytes)} at least`);
  if (share < leastShare) return bad(value, `${reason}, ${percent(leastShare)} at least`);
  if (inodeShare < limits.inodes)
    return bad(
      value,
      `${name} has ${percent(inodeShare)} of its inodes free, ${percent(limits.inodes)} at least`,
    );
  if (fullIn === undefined) return ok(value, reason);
  const trend = `${reason}, and is full in about ${span(fullIn)}`;
  return limits.fullInMs !== undefined && fullIn < limits.fullInMs
    ? late(value, `${trend}, ${span(limits.fullInMs)} at least`)
    : ok(value, trend);
}

/** When the free space would be gone, milliseconds from the last sample; undefined before a whole window, or where it grows. */
export function timeToFull(samples: readonly Sample[], windowMs: number): number | undefined {
  const last = samples.at(-1);
  if (last === undefined || spanned(samples) < windowMs) return undefined;
  const perMs = slope(samples);
  return perMs < 0 ? last.value / -perMs : undefined;
}

/** A file system has space and inodes left, and does not fill too fast. */
export const disk = splitKind<Options, Read<DiskFigures>>({
  kind: 'disk',
  main: 'path',
  options,
  everyMs: 60_000,
  timeoutMs: 10_000,
  reader: ({ path: name = '.' }, { clock, folder }) =>
    oneAtATime(clock, () => readFigures(path.resolve(folder, name))),
  judge(given, { folder }) {
    const { path: name = folder, left = DEFAULT_LEFT, over = DEFAULT_OVER_MS } = given;
    const { inodes = DEFAULT_INODES, 'full-in': fullInMs } = given;
    let samples: readonly Sample[] = [];
    return (figures, { now }) => {
      if (!figures.ok) return unknown(`cannot look at ${name}: ${figures.reason}`);
      samples = withSample(samples, { at: now, value: figures.value.free }, over);
      return judgeDisk(name, figures.value, { left, inodes, fullInMs }, timeToFull(samples, over));
    };
  },
  source: ({ path: name = '.' }, { folder }) => ['disk', path.resolve(folder, name)],
});

/** As `df` counts: what only root may still use is neither free nor part of the whole. */
async function readFigures(file: string): Promise<DiskFigures> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await fs.promises.statfs(file);
  return { free: bavail * bsize, total: (blocks - bfree + bavail) * bsize, inodesFree: ffree, inodes: files };
}
