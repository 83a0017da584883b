/** Vahti's watches and Monit side by side: `node test/bench/watch/run.ts --help`. */
import { runBench } from './bench.ts';

process.exitCode = await runBench(process.argv.slice(2));
