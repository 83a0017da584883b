import { crc32 } from 'node:zlib';

/**
 * One JSON object a line that carries its own CRC-32 as the last member, so that a line torn by a crash,
 * or damaged later, is recognised as such: `{…,"crc":"0123abcd"}`.
 */
export function sealLine(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body},"crc":"${checksum(body)}"}\n`;
}

const SEAL_LENGTH = ',"crc":"00000000"}'.length;

/** The object of a sealed line (without its newline), or undefined where the seal is broken. */
export function openLine(line: string): Record<string, unknown> | undefined {
  const body = line.slice(0, -SEAL_LENGTH);
  if (line.slice(-SEAL_LENGTH) !== `,"crc":"${checksum(body)}"}`) return undefined;
  const value: unknown = JSON.parse(`${body}}`);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** A file of sealed lines, as far as it is whole. */
export interface SealedLines {
  readonly values: readonly Record<string, unknown>[];
  /** Length in bytes up to the last whole line; what is behind it was torn by a crash. */
  readonly wholeBytes: number;
  /** Numbers (from 1) of broken lines that are not at the end: damage that no crash of ours explains. */
  readonly damaged: readonly number[];
}

export function readSealedLines(content: Buffer): SealedLines {
  const values: Record<string, unknown>[] = [];
  const damaged: number[] = [];
  let broken: number[] = [];
  let wholeBytes = 0;
  let start = 0;
  for (let number = 1; start < content.length; number += 1) {
    const end = content.indexOf(10, start);
    if (end === -1) break;
    const value = openLine(content.toString('utf8', start, end));
    if (value === undefined) {
      broken.push(number);
    } else {
      values.push(value);
      wholeBytes = end + 1;
      damaged.push(...broken);
      broken = [];
    }
    start = end + 1;
  }
  return { values, wholeBytes, damaged };
}
