import { readFile } from 'node:fs/promises';
import { normalize } from 'node:path';
import * as v from 'valibot';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';

/** What a command says itself of its products and its inputs, as lines of JSON in the file that VAHTI_PRODUCTS names. */
export interface Report {
  /** By path below `{out}`. */
  readonly incomplete: ReadonlySet<string>;
  /** By path of an input, as it was given: why nothing was made of it. */
  readonly failed: ReadonlyMap<string, string>;
  /** What it says that it has made; it has to be there. */
  readonly named: readonly string[];
}

const line = v.union([
  v.object({ product: v.pipe(v.string(), v.nonEmpty()), complete: v.optional(v.boolean(), true) }),
  v.object({ failed: v.pipe(v.string(), v.nonEmpty()), why: v.optional(v.string(), 'it said so') }),
]);

const MOST_BYTES = 64 * 1024 * 1024;

/** Reads what a command wrote; no file is no word. The error is a whole sentence. */
export async function readReport(file: string): Promise<Result<Report, string>> {
  let text = '';
  try {
    const bytes = await readFile(file);
    if (bytes.length > MOST_BYTES) return err(`cannot read VAHTI_PRODUCTS: it is over ${MOST_BYTES} bytes`);
    text = bytes.toString('utf8');
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') return err(`cannot read VAHTI_PRODUCTS: ${asError(thrown).message}`);
  }
  return parseReport(text);
}

/** Reads the lines of a report. The error names the line. */
function parseReport(text: string): Result<Report, string> {
  const incomplete = new Set<string>();
  const failed = new Map<string, string>();
  const named: string[] = [];
  for (const [index, each] of text.split('\n').entries()) {
    if (each.trim() === '') continue;
    const said = v.safeParse(line, parsed(each));
    if (!said.success)
      return err(
        `cannot read line ${index + 1} of VAHTI_PRODUCTS: write {"product": PATH} or {"failed": INPUT, "why": TEXT}`,
      );
    if ('failed' in said.output) {
      failed.set(said.output.failed, said.output.why);
      continue;
    }
    const product = normalize(said.output.product);
    named.push(product);
    // The last word on a product counts.
    if (said.output.complete) incomplete.delete(product);
    else incomplete.add(product);
  }
  return ok({ incomplete, failed, named });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
