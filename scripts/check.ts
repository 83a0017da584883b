/**
 * `npm run check`: every check besides the tests, one after another, all of them even when one fails.
 *
 *     npm run check                     all
 *     npm run check -- format lint      these
 *
 * Exit codes: 0 all is well, 1 a check failed, 2 the arguments make no sense.
 */
import { spawnSync } from 'node:child_process';

const CHECKS: ReadonlyMap<string, readonly string[]> = new Map([
  ['format', ['biome', 'format', '--error-on-warnings', '.']],
  ['lint', ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'scripts', 'web/src']],
  // Svelte's checker still needs TypeScript 6, which therefore has the name; ours is 7.
  ['types', ['node', 'node_modules/typescript-7/bin/tsc', '-p', 'tsconfig.json']],
  ['page', ['svelte-check', '--workspace', 'web', '--tsconfig', './tsconfig.json', '--fail-on-warnings']],
  ['lock', ['node', 'scripts/complete-lock.ts', '--check']],
  ['drift', ['npm', 'run', '--silent', 'generate', '--', '--check']],
  ['unused', ['knip', '--no-config-hints']],
  ['build', ['npm', 'run', '--silent', 'build']],
  ['package', ['publint', 'run', '--strict']],
]);

/** Runs one check with its output shown; true when it is well. */
function run(name: string, [command = '', ...args]: readonly string[]): boolean {
  console.log(`\n── ${name}: ${[command, ...args].join(' ')} ──`);
  const started = performance.now();
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (error !== undefined) console.error(`cannot start ${command}: ${error.message}`);
  if (status === 0) console.log(`✔ ${name} (${took})`);
  else console.log(`✖ ${name} (${took}): ended with ${signal ?? `exit code ${status}`}`);
  return status === 0;
}

function main(names: readonly string[]): number {
  const unknown = names.filter((name) => !CHECKS.has(name));
  if (unknown.length > 0) {
    console.error(`cannot run ${unknown.join(', ')}: the checks are ${[...CHECKS.keys()].join(', ')}`);
    return 2;
  }
  const wanted = [...CHECKS].filter(([name]) => names.length === 0 || names.includes(name));
  const failed = wanted.filter(([name, command]) => !run(name, command)).map(([name]) => name);
  console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed checks: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
