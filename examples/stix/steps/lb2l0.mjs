// node lb2l0.mjs LIST OUT VERSION: reads what is in the packets. A file that cannot be read fails alone.
// Of a day it writes the time bins of that day alone: the run of the next one has the packets of both, too.
// Exit code 3: some packets wait for others of their sequence; they stay at LB, and are taken when those have come.
import { basename, join } from 'node:path';
import { wholeSequences } from './ccsds.mjs';
import { configVersion, KINDS, productName, readJson, readList, readName, report, scetDay, writeProduct } from './files.mjs';

const [list, out, version] = process.argv.slice(2);
let waiting = 0;
for (const path of readList(list)) {
  try {
    level0(path);
  } catch (error) {
    console.log(`${path}: ${error.message}`);
    report({ failed: path, why: error.message });
  }
}
process.exitCode = waiting === 0 ? 0 : 3;

function level0(path) {
  const { product: type, range, request = '' } = readName(path);
  const known = KINDS[type];
  if (known === undefined) return;
  const { header, rows: packets } = readJson(path);
  const sequences = wholeSequences(packets);
  if (sequences.waiting > 0) console.log(`${basename(path)}: ${sequences.waiting} packets wait for others`);
  waiting += sequences.waiting;
  if (sequences.whole.length === 0) return;
  const isDaily = request === '';
  const rows = sequences.whole
    .flatMap((sequence) => rowsOf(type, sequence))
    .filter(({ scet }) => !isDaily || scetDay(scet) === Number(range))
    .sort((a, b) => a.scet - b.scet);
  if (rows.length === 0) return;
  const product = `${known.kind}-${known.name}`;
  const span = isDaily ? range : `${pad(rows[0].scet)}-${pad(rows.at(-1).scet)}`;
  const name = productName({ level: 'L0', product, range: span, version, request });
  const place = join('L0', type.replaceAll('-', '/'), name);
  const all = { ...header, LEVEL: 'L0', TYPE: product, VERSION: Number(version), PARENT: basename(path), VERS_CFG: configVersion() };
  writeProduct(join(out, place), all, rows);
  // More of a day may come for weeks; more of a request may not, once its sequence is whole.
  report({ product: place, complete: !isDaily });
}

function pad(scet) {
  return String(Math.floor(scet)).padStart(10, '0');
}

/** What the packets of one sequence say, a row for each time bin; made-up layouts, of two bytes a number. */
function rowsOf(type, sequence) {
  const [{ scet_coarse: coarse, scet_fine: fine }] = sequence;
  const data = Buffer.concat(sequence.map((packet, index) => Buffer.from(packet.data, 'hex').subarray(index > 0 && type === '21-6-24' ? 6 : 0)));
  const scet = Math.round((coarse + fine / 65_536) * 100) / 100;
  const numbers = (from) => Array.from({ length: (data.length - from) >> 1 }, (_, at) => data.readUInt16BE(from + 2 * at));
  if (type.startsWith('3-25')) return [{ scet, temperature: data.readUInt16BE(0), voltage: data.readUInt16BE(2) }];
  const { bin } = KINDS[type];
  if (type === '21-6-30') return numbers(0).map((counts, at) => ({ scet: scet + bin * at, counts }));
  if (type === '21-6-34') return numbers(0).map((flag, at) => ({ scet: scet + bin * at, flag }));
  return [{ scet, counts: numbers(type === '21-6-24' ? 6 : 0) }];
}
