/** A pipeline, incron and make side by side: `node test/bench/pipeline/run.ts --help`. */
import { runBench } from './bench.ts';

process.exitCode = await runBench(process.argv.slice(2));
