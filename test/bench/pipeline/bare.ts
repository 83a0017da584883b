import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { timesOf } from './runner.ts';

/** Starts a command for each file, so many at a time, with its output in pipes: what nobody can do for less. Prints what it took. */
const [count = '', atOnce = '', ...argv] = process.argv.slice(2);
let next = 1;
const [began, before] = [performance.now(), timesOf(process.pid)];
await Promise.all(
  Array.from({ length: Number(atOnce) }, async () => {
    for (let file = next++; file <= Number(count); file = next++) {
      const [command = '', ...words] = argv.map((word) => word.replace('{file}', `${file}.in`));
      const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      child.stdout.resume();
      child.stderr.resume();
      await once(child, 'close');
    }
  }),
);
const after = timesOf(process.pid);
const ownMs = after.own - before.own;
const allMs = ownMs + after.children - before.children;
console.log(JSON.stringify({ wallMs: performance.now() - began, ownMs, allMs }));
