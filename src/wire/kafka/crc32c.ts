/** Castagnoli's polynomial, bits reversed (RFC 3720, B.4). */
const POLYNOMIAL = 0x82f63b78;
/** Eight bytes a step: table k is what a byte does k bytes before the end. */
const STEP = 8;

const TABLES = createTables();

function createTables(): Int32Array {
  const tables = new Int32Array(256 * STEP);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

function table(k: number, byte: number): number {
  return TABLES[k * 256 + (byte & 0xff)] as number;
}

/** CRC-32C, as Kafka's record batches carry it: an unsigned number. */
export function crc32c(bytes: Buffer): number {
  let crc = -1;
  let at = 0;
  for (const end = bytes.length - (bytes.length % STEP); at < end; at += STEP) {
    const low = crc ^ bytes.readInt32LE(at);
    const high = bytes.readInt32LE(at + 4);
    crc =
      table(7, low) ^
      table(6, low >>> 8) ^
      table(5, low >>> 16) ^
      table(4, low >>> 24) ^
      table(3, high) ^
      table(2, high >>> 8) ^
      table(1, high >>> 16) ^
      table(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ table(0, crc ^ (bytes[at] as number));
  return ~crc >>> 0;
}
