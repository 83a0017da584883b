// node hk2anc.mjs IN OUT VERSION: the ephemeris of a day of housekeeping. Exit code 10: what was flown is not known until then.
import { basename, join } from 'node:path';
import { end, newestKernel, productName, readJson, readName, report, writeProduct } from './files.mjs';

const [input, out, version] = process.argv.slice(2);
const { range: day } = readName(input);
const { header, rows } = readJson(input);
const kernel = newestKernel();
const flown = kernel === undefined ? Number.NEGATIVE_INFINITY : Date.parse(kernel.flown) - 86_400_000;
if (Date.parse(rows.at(-1).time) > flown) end(10, `not yet: what was flown is known until ${kernel?.flown ?? 'never'}`);
const celsius = rows.reduce((sum, row) => sum + row.celsius, 0) / rows.length;
const sun = 0.65 + 0.35 * Math.cos((2 * Math.PI * Date.parse(rows[0].time)) / (180 * 86_400_000));
const row = { time: rows[0].time, sun_au: Math.round(1e6 * sun) / 1e6, celsius: Math.round(100 * celsius) / 100 };
const name = productName({ level: 'ANC', product: 'asp-ephemeris', range: day, version });
const all = { ...header, LEVEL: 'ANC', TYPE: 'asp-ephemeris', VERSION: Number(version), PARENT: basename(input), SPICE: kernel.name };
const place = join('ANC', day.slice(0, 4), day.slice(4, 6), day.slice(6), 'ASP', name);
writeProduct(join(out, place), all, [row]);
report({ product: place, complete: false });
