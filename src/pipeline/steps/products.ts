import { readdir } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { err, ok, type Result } from '../../core/result.ts';
import { fileValues } from '../engine/routing.ts';
import type { StepPlan } from '../plan.ts';
import type { Product } from './install.ts';
import { compileNames, type Names } from '../../core/names.ts';
import type { Report } from './report.ts';
import { fill, type Values } from '../../core/template.ts';

/**
 * What a run left in its folder, with the place that each file goes to, in order. The error is a whole sentence: something that is no
 * file, has a name that the step does not make, goes outside of the products' folder, or has the same place as another one.
 */
export async function findProducts(
  step: StepPlan,
  out: string,
  vars: Values,
  report: Report,
): Promise<Result<readonly Product[], string>> {
  const found = await filesBelow(out, '');
  if (!found.ok) return found;
  const missing = report.named.find((name) => !found.value.includes(name));
  if (missing !== undefined)
    return err(`cannot find ${missing} in {out}: the command says that it has made it`);
  const makes = madeBy(step);
  const products: Product[] = [];
  const taken = new Set<string>();
  for (const path of found.value.toSorted()) {
    const captures = makes.read(path);
    if (captures === undefined)
      return err(`cannot take ${path} for a product: the step makes ${step.makes.join(', ')}`);
    const values = {
      ...vars,
      ...captures,
      ...fileValues(path),
      step: step.name,
      version: String(step.version),
    };
    const complete = !report.incomplete.has(path);
    const final = placeOf(path, step.to, values);
    if (!final.ok) return final;
    const growing = step.incomplete === undefined ? final : placeOf(path, step.incomplete, values);
    if (!growing.ok) return growing;
    const [place, other] = complete ? [final.value, growing.value] : [growing.value, final.value];
    if (taken.has(place)) return err(`cannot put ${path} at ${place}: another product of the run goes there`);
    // Neither may take the place that the other form of this one has, or had.
    for (const each of [place, other]) taken.add(each);
    const forms = place === other ? {} : { forms: { final: final.value, other } };
    products.push({ file: join(out, path), path: place, complete, ...forms });
  }
  return ok(products);
}

/** A path below the products. The error is a whole sentence. */
function placeOf(path: string, template: string, values: Values): Result<string, string> {
  const to = fill(template, values);
  if (!to.ok) return err(`cannot say where ${path} goes: ${to.error}`);
  const place = normalize(to.value);
  if (place.startsWith('/') || place.startsWith('..') || place.endsWith('/') || place === '.')
    return err(`cannot put ${path} at ${JSON.stringify(to.value)}: that is no place below "products"`);
  return ok(place);
}

/** Kept: to compile a pattern costs more than to use it. */
const compiled = new WeakMap<StepPlan, Names>();

function madeBy(step: StepPlan): Names {
  const known = compiled.get(step);
  if (known !== undefined) return known;
  const made = compileNames(step.makes);
  if (!made.ok) throw new Error(made.error);
  compiled.set(step, made.value);
  return made.value;
}

async function filesBelow(root: string, folder: string): Promise<Result<readonly string[], string>> {
  const files: string[] = [];
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory()) {
      const below = await filesBelow(root, path);
      if (!below.ok) return below;
      files.push(...below.value);
    } else return err(`cannot take ${path} for a product: it is no regular file`);
  }
  return ok(files);
}
