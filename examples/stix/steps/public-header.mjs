// node public-header.mjs FILE PUBLIC: writes its public name into the header of a product that is being published; of a copy, never of the product.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

const [file, name] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
if (text.startsWith('{"header": ')) {
  const [first, ...rest] = text.split('\n');
  const header = JSON.parse(first.slice('{"header": '.length, -1));
  writeFileSync(file, [`{"header": ${JSON.stringify({ ...header, FILENAME: basename(name) })},`, ...rest].join('\n'));
}
