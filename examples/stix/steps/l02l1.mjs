// node l02l1.mjs LIST OUT VERSION: physical units and UTC. Exit code 12: no kernel reaches so far; it waits for one.
import { basename, join } from 'node:path';
import { configVersion, DAY, end, EPOCH_MS, newestKernel, productName, readJson, readList, readName, report, soopAt, utcDay, writeProduct } from './files.mjs';

const [list, out, version] = process.argv.slice(2);
const kernel = newestKernel();
for (const path of readList(list)) {
  const { product, range, request = '' } = readName(path);
  const { header, rows } = readJson(path);
  const day = request === '' ? range : Math.floor(rows[0].scet / DAY) * DAY;
  const utc = utcDay(day, kernel?.offset ?? 0);
  if (kernel === undefined || kernel.predicted.replaceAll('-', '') < utc)
    end(12, `${basename(path)} waits: the newest kernel (${kernel?.name ?? 'none'}) does not reach ${utc}`);
  const times = rows.map((row) => calibrated(row, kernel.offset));
  const span = request === '' ? utc : `${stamp(times[0].time)}-${stamp(times.at(-1).time)}`;
  const name = productName({ level: 'L1', product, range: span, version, request });
  const place = join(utc.slice(0, 4), utc.slice(4, 6), utc.slice(6), product.split('-')[0].toUpperCase(), name);
  const soop = soopAt(times[0].time);
  const all = {
    ...header,
    LEVEL: 'L1',
    VERSION: Number(version),
    PARENT: basename(path),
    VERS_CFG: configVersion(),
    SPICE: kernel.name,
    ...(soop === undefined ? {} : { SOOP: soop }),
  };
  writeProduct(join(out, 'L1', place), all, times);
  report({ product: join('L1', place), complete: request !== '' });
}

function calibrated({ scet, temperature, voltage, ...rest }, offset) {
  const time = new Date(EPOCH_MS + Math.round((scet + offset) * 1000)).toISOString();
  return {
    time,
    ...(temperature === undefined ? {} : { celsius: round(temperature / 10 - 100), volts: voltage / 1000 }),
    ...rest,
  };
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function stamp(time) {
  return time.slice(0, 19).replaceAll(/[-:]/g, '');
}
