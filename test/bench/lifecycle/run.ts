/** The verbs beside the programs that one would write into a crontab: `node test/bench/lifecycle/run.ts --help`. */
import { runBench } from './bench.ts';

process.exitCode = await runBench(process.argv.slice(2));
