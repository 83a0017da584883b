// node tm2pkt.mjs IN OUT: the packets of one telemetry file, a file for each type and SCET day, or request. One that reaches over midnight is there for both of its days.
// Exit code 3: some packets could not be read; they are named, the others are there.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decode, packetsOf, typeOf } from './ccsds.mjs';
import { DAY, KINDS, scetDay, writeProduct } from './files.mjs';

const [input, out] = process.argv.slice(2);
const raw = basename(input);
const groups = new Map();
let broken = 0;
for (const [index, hex] of packetsOf(readFileSync(input, 'utf8')).entries()) {
  try {
    const packet = decode(hex);
    for (const place of placesOf(packet)) {
      if (!groups.has(place)) groups.set(place, []);
      groups.get(place).push({ ...packet, raw_file: raw, packet: index });
    }
  } catch (error) {
    broken += 1;
    console.log(`packet ${index + 1} is left out: ${error.message}`);
  }
}
for (const [place, packets] of groups) writeProduct(join(out, place), { RAW_FILE: raw }, packets);
console.log(`${groups.size} files`);
process.exitCode = broken === 0 ? 0 : 3;

/** SERVICE-SUBTYPE-SSID/RANGE_REQUEST/NAME: what belongs together at LB. */
function placesOf(packet) {
  const type = typeOf(packet);
  const name = `${raw.replace(/\.xml$/, '')}.json`;
  if (KINDS[type]?.kind !== 'sci') {
    const bins = packet.data.length / 4;
    const last = packet.scet_coarse + packet.scet_fine / 65_536 + (KINDS[type]?.bin ?? 0) * Math.max(0, bins - 1);
    const places = [];
    for (let day = scetDay(packet.scet_coarse); day <= last; day += DAY)
      places.push(`${type}/${String(day).padStart(10, '0')}/${name}`);
    return places;
  }
  // What was asked for comes whenever there is room: it belongs to its request, not to a day.
  const data = Buffer.from(packet.data, 'hex');
  if (data.length < 6) throw new Error('it has no request id');
  const request = `${String(data.readUInt32BE(0)).padStart(10, '0')}-${String(data.readUInt16BE(4)).padStart(5, '0')}`;
  return [`${type}/0000000000-9999999999_${request}/${name}`];
}
