/** Vahti, PM2 and supervisord side by side: `node test/bench/supervision/run.ts --help`. */
import { runBench } from './bench.ts';

process.exitCode = await runBench(process.argv.slice(2));
