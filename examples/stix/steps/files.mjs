// What all steps share: names of products, days, and how files are read and written.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const DAY = 86_400;
/** SCET counts seconds since 2000-01-01. */
export const EPOCH_MS = Date.UTC(2000, 0, 1);

/** What is made of which packets: type and name of products, and the folder at L1; of light curves also how long a time bin is, in seconds. The rest stays at LB. */
export const KINDS = {
  '3-25-1': { kind: 'hk', name: 'mini' },
  '3-25-2': { kind: 'hk', name: 'maxi' },
  '21-6-24': { kind: 'sci', name: 'xray-spec' },
  '21-6-30': { kind: 'ql', name: 'lightcurve', bin: 4 },
  '21-6-34': { kind: 'ql', name: 'flareflag', bin: 4 },
  '21-6-41': { kind: 'cal', name: 'spec' },
};

const NAME =
  /^solo_(?<level>[A-Z0-9]+)_stix-(?<product>[\w-]+?)_(?<range>[\dT-]+)_V(?<version>\d+)(?<suffix>[UC]?)(?:_(?<request>\d+-\d+))?\.\w+$/;

/** What the name of a product says. Throws for any other name. */
export function readName(path) {
  const { groups } = NAME.exec(basename(path)) ?? {};
  if (groups === undefined) throw new Error(`${basename(path)} is no name of a product`);
  return groups;
}

export function productName({ level, product, range, version, suffix = '', request = '' }, ending = 'json') {
  const tail = request === '' ? '' : `_${request}`;
  return `solo_${level}_stix-${product}_${range}_V${String(version).padStart(2, '0')}${suffix}${tail}.${ending}`;
}

/** The SCET day of a moment, as its first second. */
export function scetDay(scet) {
  return Math.floor(scet / DAY) * DAY;
}

/** The UTC day of the middle of a SCET day, as YYYYMMDD: it stays the same when more of the day comes. */
export function utcDay(scetDay, offset) {
  return new Date(EPOCH_MS + (Number(scetDay) + DAY / 2 + offset) * 1000).toISOString().slice(0, 10).replaceAll('-', '');
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** One value of `rows` a line: what differs is seen at once. The same content is always the same bytes. */
export function writeProduct(path, header, rows) {
  mkdirSync(dirname(path), { recursive: true });
  const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
  writeFileSync(path, `{"header": ${JSON.stringify(header)},\n"rows": [\n${lines}\n]}\n`);
}

/** The lines of a list of files. */
export function readList(path) {
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '');
}

/** Says something about a product or an input to the pipeline. */
export function report(line) {
  const file = process.env.VAHTI_PRODUCTS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Which config the products were made with. */
export function configVersion() {
  const file = join(process.env.STIX_CONF ?? 'conf/current', 'VERSION.TXT');
  if (!existsSync(file)) return 'none';
  return /^version: *(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? readFileSync(file, 'utf8').split('\n', 1)[0];
}

/** The newest kernel: how far the clock is off, and until which day that is flown (known) or predicted. */
export function newestKernel() {
  const root = process.env.STIX_SPICE ?? 'spice/kernels';
  const folders = existsSync(root) ? readdirSync(root).filter((name) => existsSync(join(root, name, 'clock.json'))) : [];
  const last = folders.sort().at(-1);
  return last === undefined ? undefined : { name: last, ...readJson(join(root, last, 'clock.json')) };
}

/** The plan of observations at a moment. @param utc ISO */
export function soopAt(utc) {
  const at = Date.parse(utc);
  const root = process.env.STIX_SOOP ?? 'soop';
  const names = existsSync(root) ? readdirSync(root).filter((name) => /^SSTX_observation_timeline_export_.*\.json$/.test(name)) : [];
  for (const name of names.sort().reverse()) {
    const found = readJson(join(root, name)).find(({ start, end }) => Date.parse(start) <= at && at < Date.parse(end));
    if (found !== undefined) return found.soop;
  }
  return undefined;
}

/** Ends with a code that the config gives a meaning. */
export function end(code, why) {
  console.log(why);
  process.exit(code);
}
