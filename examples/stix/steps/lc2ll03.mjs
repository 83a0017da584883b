// node lc2ll03.mjs IN OUT VERSION: a plot of the light curve of a day. Exit code 10: the day is not whole, and younger than 30 days.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { end, productName, readJson, readName } from './files.mjs';

/** Of time bins of 4 s, with some minutes that may be missing. */
const WHOLE_DAY = (60 / 4) * 60 * 24 - 60;
const MONTH_MS = 30 * 86_400_000;
const [WIDTH, HEIGHT] = [1440, 240];

const [input, out, version] = process.argv.slice(2);
const { range: day } = readName(input);
const { rows } = readJson(input);
if (rows.length < WHOLE_DAY && Date.now() - Date.parse(rows.at(-1).time) < MONTH_MS)
  end(10, `not yet: ${rows.length} of ${WHOLE_DAY} time bins`);
const midnight = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
const most = rows.reduce((so, { counts }) => Math.max(so, counts), 1);
const points = rows.map(({ time, counts }) => {
  const x = ((Date.parse(time) - midnight) / 86_400_000) * WIDTH;
  return `${x.toFixed(1)},${(HEIGHT - (counts / most) * (HEIGHT - 20)).toFixed(1)}`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<title>STIX light curve of ${day}, ${rows.length} time bins, at the most ${most} counts</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
<polyline fill="none" stroke="black" points="${points.join(' ')}"/>
</svg>
`;
const range = `${day}T000000-${day}T235959`;
const name = productName({ level: 'LL03', product: 'ql-lightcurve', range, version, suffix: 'C' }, 'svg');
const path = join(out, 'LL03', day.slice(0, 4), day.slice(4, 6), day.slice(6), name);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, svg);
