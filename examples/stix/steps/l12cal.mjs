// node l12cal.mjs IN OUT VERSION: where the line of 31 keV lies in the spectra of a day. Exit code 10: they show no line.
import { basename, join } from 'node:path';
import { end, productName, readJson, writeProduct } from './files.mjs';

const LINE_KEV = 30.85;
const [input, out, version] = process.argv.slice(2);
const { header, rows } = readJson(input);
const fits = rows.flatMap(({ time, counts }) => {
  const most = Math.max(...counts);
  const peak = counts.indexOf(most);
  const mean = counts.reduce((sum, each) => sum + each, 0) / counts.length;
  return most > 3 * mean && peak > 0 ? [{ time, peak, gain: Math.round((1000 * LINE_KEV) / peak) / 1000 }] : [];
});
if (fits.length === 0) end(10, 'no line is seen');
// A file for each spectrum: what comes later for the day changes none of them.
for (const fit of fits) {
  const stamp = fit.time.slice(0, 19).replaceAll(/[-:]/g, '');
  const name = productName({ level: 'CAL', product: 'cal-energy', range: `${stamp}-${stamp}`, version });
  const all = { LEVEL: 'CAL', TYPE: 'cal-energy', VERSION: Number(version), PARENT: basename(input), SPICE: header.SPICE };
  writeProduct(join(out, 'CAL', stamp.slice(0, 4), stamp.slice(4, 6), stamp.slice(6, 8), 'CAL', name), all, [fit]);
}
