import * as fs from 'node:fs';
import { createInstalled, type InstalledOrder } from './installed.ts';

/** A small daemon that keeps one service of systemd's, for tests which kill it: `{…InstalledOrder, statePath}` as JSON in its one argument. */

const order = JSON.parse(process.argv[2] ?? '') as InstalledOrder & { readonly statePath: string };
const { statePath } = order;
const { runner } = createInstalled(order, undefined, (state) => {
  fs.writeFileSync(`${statePath}.new`, JSON.stringify(state));
  fs.renameSync(`${statePath}.new`, statePath);
});
runner.start('vahti');
setInterval(() => {}, 60_000);
