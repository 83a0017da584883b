// node pkt2lb.mjs LIST TARGET OUT VERSION TYPE RANGE: merges packets into the file of their type and day, or request.
// The same packet is the one with the same time and sequence count. Where two are not equal, the one of the later telemetry file counts,
// whichever is merged first: so the order in which files come does not matter.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { productName, readJson, readList, writeProduct } from './files.mjs';

const [list, target, out, version, type, place] = process.argv.slice(2);
const [range, request] = place.split('_');
const packets = new Map();
const before = existsSync(target) ? readJson(target).rows : [];
for (const packet of [...before, ...readList(list).flatMap((path) => readJson(path).rows)]) {
  const id = [packet.scet_coarse, packet.scet_fine, packet.sequence_count].join();
  const known = packets.get(id);
  if (known === undefined || isLater(packet, known)) packets.set(id, packet);
}
const rows = [...packets.values()].sort(
  (a, b) =>
    a.scet_coarse - b.scet_coarse || a.scet_fine - b.scet_fine || a.sequence_count - b.sequence_count,
);
const header = { LEVEL: 'LB', TYPE: type, VERSION: Number(version), RAW_FILE: [...new Set(rows.map((row) => row.raw_file))].sort() };
const name = productName({ level: 'LB', product: type, range, version, request });
writeProduct(join(out, type.replaceAll('-', '/'), name), header, rows);
console.log(`${rows.length} packets, ${rows.length - before.length} of them new`);

/** By the time at the end of the names of telemetry files, behind the @; then by name. */
function isLater(a, b) {
  const key = ({ raw_file: file, packet }) => `${file.split('@')[1] ?? ''} ${file} ${String(packet).padStart(9, '0')}`;
  return key(a) > key(b);
}
