import { setFlagsFromString } from 'node:v8';

/**
 * What a built-in kind's Node is started with. At a high rate almost all that it makes dies at once, so a small young
 * generation costs nothing, and a heap that may grow by a tenth only before it is cleaned little: a collector takes 100 MB
 * instead of 270, at the same speed (docs/bench-collector.md). Half of it are pages of Node's own file, which all share.
 */
const HEAP = ['--max-semi-space-size=1', '--heap-growing-percent=10'];

/** One arena for all threads, and what is freed at its top goes back to the kernel (mallopt(3)). */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

/** How a program (Node, a script, …) is started so that it takes little memory. */
export function smallProgram(program: readonly string[]): readonly string[] {
  const [node = process.execPath, ...rest] = program;
  return [node, ...HEAP, ...rest];
}

/** An environment, with what makes a program take little memory; what it says itself wins. */
export function smallEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { ...MALLOC, ...env };
}

/** What of it can still be had in a process that was started otherwise, by hand say. To be called before any work. */
export function takeLittleMemory(): void {
  setFlagsFromString('--heap-growing-percent=10');
  setFlagsFromString('--semi-space-growth-factor=1');
}
