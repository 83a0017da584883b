#!/usr/bin/env node
// Old-style JavaScript, so that an old Node can read it and say what it lacks.
import { spawn } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import module from 'module';
const at = (path) => decodeURIComponent(new URL(path, import.meta.url).pathname);
const binary = `node-linux-${process.arch}/bin/node`;
const newer = ['../node_modules/', '../../'].map((folder) => at(folder + binary)).find(existsSync);
if (parseInt(process.versions.node, 10) >= 24) {
  const checkout = existsSync(at('../src/cli/main.ts'));
  // Halves the start from source (0.47 s to 0.20 s), and does little for dist. Never in /tmp: others could plant code.
  if (checkout) module.enableCompileCache(at('../node_modules/.cache/vahti'));
  import(checkout ? '../src/cli/main.ts' : '../dist/cli/main.js').then((cli) => cli.main(process.argv));
} else if (newer) {
  const child = spawn(newer, [at('vahti.js')].concat(process.argv.slice(2)), { stdio: 'inherit' });
  // Ctrl-C reaches a terminal's whole foreground group (pgrp = tpgid in proc(5)): the child has it already.
  const fromTerminal = () => /\) \S \d+ (\d+) \d+ \d+ \1 /.test(readFileSync('/proc/self/stat', 'latin1'));
  const forward = (signal) => (signal === 'SIGINT' && fromTerminal()) || child.kill(signal);
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, forward));
  child.on('exit', (code) => (process.exitCode = code));
  child.on('exit', (_, signal) => signal && process.removeAllListeners(signal).kill(process.pid, signal));
} else {
  console.error('cannot run on Node ' + process.version + ': Vahti needs Node 24 or newer');
  process.exit(2);
}
