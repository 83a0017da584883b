/**
 * Writes what is generated from the source: the JSON Schema of the config, the reference pages, the annotated example.
 *
 * Run it in the root of the repository.
 *
 *     npm run generate               writes what has changed
 *     npm run generate -- --check    only names the files that are not what the source says
 *
 * Exit codes: 0 all is well, 1 a file has drifted, 2 the arguments make no sense.
 */
import { findDrift, generateFiles, writeFiles } from './generate/files.ts';

function main(args: readonly string[]): number {
  const strange = args.find((arg) => arg !== '--check');
  if (strange !== undefined) {
    console.error(`cannot use ${strange}: the only option is --check`);
    return 2;
  }
  const files = generateFiles();
  const drifted = findDrift(files, '.');
  if (args.includes('--check')) {
    for (const path of drifted)
      console.error(`cannot pass: ${path} is not what the source says; run npm run generate`);
    return drifted.length > 0 ? 1 : 0;
  }
  writeFiles(files, drifted, '.');
  console.log(drifted.length > 0 ? `wrote ${drifted.join(', ')}` : `all ${files.size} files are up to date`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
