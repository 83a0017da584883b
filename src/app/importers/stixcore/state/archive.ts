import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { PastProduct } from '../../../../pipeline/ledger/past.ts';
import type { StepPlan } from '../../../../pipeline/plan.ts';
import { identityOf } from '../../../../pipeline/steps/install.ts';
import { completeName, incompleteName, makerOf, type ProductName, readProductName } from './names.ts';

/** A product in the old archive, and what it would be here. */
export interface OldProduct {
  /** Below the folder of products. */
  readonly path: string;
  readonly name: ProductName;
  readonly step: string;
  readonly key: string;
  /** The telemetry whose `.out` names it; paths below its folder. */
  readonly madeOf: readonly string[];
}

export interface ArchiveSurvey {
  readonly products: readonly OldProduct[];
  /** Files with other names, which stay as they are. */
  readonly others: number;
  /** Levels that no step of the config makes, with how many files they have. */
  readonly unmade: ReadonlyMap<string, number>;
  /** Products that some `.out` names and that are not there any more. */
  readonly gone: number;
  /** Files that are left, and why. */
  readonly problems: readonly string[];
}

/**
 * Every product in the archive. Nothing is read but names.
 * @param madeOf by absolute path of a product, the telemetry that it comes from.
 * @throws Node's error where a folder cannot be read.
 */
export function surveyArchive(
  root: string,
  steps: readonly Pick<StepPlan, 'name'>[],
  madeOf: ReadonlyMap<string, readonly string[]>,
): ArchiveSurvey {
  const products: OldProduct[] = [];
  const unmade = new Map<string, number>();
  const seen = new Set<string>();
  let others = 0;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = relative(root, full);
    const name = readProductName(path);
    if (name === undefined) {
      others += 1;
      continue;
    }
    // Publishing takes the U out of the name that .out has.
    const names = [full, completeName(full), incompleteName(full)];
    for (const each of names) seen.add(each);
    const { step, key } = makerOf(path, name);
    if (steps.some((each) => each.name === step)) {
      const from = new Set(names.flatMap((each) => madeOf.get(each) ?? []));
      products.push({ path, name, step, key, madeOf: [...from] });
    } else unmade.set(name.level, (unmade.get(name.level) ?? 0) + 1);
  }
  const gone = [...madeOf.keys()].filter((path) => !seen.has(path)).length;
  products.sort((a, b) => (a.path < b.path ? -1 : 1));
  const { kept, problems } = withoutTwins(root, products);
  return { products: kept, others, unmade, gone, problems };
}

/** A file that may grow and a complete one of the same name cannot both be the product: one is what the other becomes. */
function withoutTwins(
  root: string,
  products: readonly OldProduct[],
): { readonly kept: readonly OldProduct[]; readonly problems: readonly string[] } {
  const complete = new Set(products.flatMap(({ path, name }) => (name.isIncomplete ? [] : [path])));
  const isTwin = ({ path, name }: OldProduct): boolean =>
    name.isIncomplete && complete.has(completeName(path));
  return {
    kept: products.filter((each) => !isTwin(each)),
    problems: products
      .filter(isTwin)
      .map(
        ({ path }) =>
          `${join(root, path)}: ${completeName(path)} is there, too; it is left: move one of the two away, as a run that writes here would be refused`,
      ),
  };
}

/** Reads a product as it is now. Rejects with the system error. @param roots numbers of the telemetry in the ledger. */
export async function readProduct(
  root: string,
  product: OldProduct,
  roots: readonly number[],
): Promise<PastProduct> {
  const { path, step, key, name } = product;
  const full = join(root, path);
  const identity = await identityOf(full);
  const complete = completeName(path);
  return {
    path,
    step,
    key,
    version: name.version,
    complete: !name.isIncomplete,
    final: name.isIncomplete ? complete : null,
    made: Math.round(Number(BigInt(identity.mtimeNs) / 1_000_000n)),
    roots,
    ...identity,
    sha256: await hashOf(full),
  };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
