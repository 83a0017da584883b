/**
 * Our collector and the npm packages that do the same work, side by side: `node test/bench/collector/run.ts --help`.
 * The processes of a trial are this file too: `serve` sends, `peer` collects.
 */
const [role, ...args] = process.argv.slice(2);

if (role === 'serve') {
  const [frames, startTime, file] = args;
  const { serve } = await import('./server.ts');
  await serve(Number(frames), Number(startTime), file);
} else if (role === 'peer') {
  const [name = '', url = '', frames, into = '', entry] = args;
  const { runPeer } = await import('./peers/peer.ts');
  await runPeer(name, url, Number(frames), into, entry);
} else {
  const { runBench } = await import('./bench.ts');
  process.exitCode = await runBench(process.argv.slice(2));
}
