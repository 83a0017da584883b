import { basename, dirname } from 'node:path';

/** What STIXCore's names of products say (io/product_processors/fits/processors.py). */
export interface ProductName {
  readonly level: string;
  /** `ql-lightcurve`, at LB `21-6-30`. */
  readonly product: string;
  readonly range: string;
  readonly version: number;
  readonly isIncomplete: boolean;
  /** `0000012345-00007`; empty where it is none of a request. */
  readonly request: string;
}

const NAME =
  /^solo_(?<level>LB|L0|L1|L2|L3|ANC|CAL|LL03)_stix-(?<product>[\w-]+?)_(?<range>[\dT-]+)_V(?<version>\d{1,4})(?<suffix>[UC]?)(?:_(?<request>\d+-\d+))?\.(?:fits|svg|json)$/;

/** The range that STIXCore writes at LB for what belongs to a request and to no day. */
const ALL_TIME = '0000000000-9999999999';
const SCET_EPOCH_MS = Date.UTC(2000, 0, 1);

export function readProductName(path: string): ProductName | undefined {
  const { groups } = NAME.exec(basename(path)) ?? {};
  if (groups === undefined) return undefined;
  const { level = '', product = '', range = '', version = '', suffix, request = '' } = groups;
  return { level, product, range, version: Number(version), isIncomplete: suffix === 'U', request };
}

/** `…_V02U.fits` as `…_V02.fits`: what STIXCore calls it once it is published. */
export function completeName(path: string): string {
  return path.replace(/_V(\d+)U([._][^/]*)$/, '_V$1$2');
}

/** The other way. */
export function incompleteName(path: string): string {
  return path.replace(/_V(\d+)([._][^/]*)$/, '_V$1U$2');
}

/** The step that makes such products in a config that was made here, and the key under which it merges them. */
export function makerOf(
  path: string,
  { level, product, range, request }: ProductName,
): { readonly step: string; readonly key: string } {
  if (level === 'LB') return { step: 'LB', key: `${product}/${range}${request === '' ? '' : `_${request}`}` };
  if (level === 'L0') {
    const type = dirname(path).split('/').slice(1).join('-');
    return { step: 'L0', key: request === '' ? `${type}/${range}` : `${type}/${ALL_TIME}_${request}` };
  }
  if (level !== 'L1') return { step: level, key: '' };
  if (product.startsWith('sci-'))
    return { step: 'L1SCI', key: request === '' ? '' : `${product}_${request}` };
  const day = scetDay(range);
  return {
    step: product.startsWith('ql-') ? 'L1QL' : 'L1',
    key: request === '' && day !== undefined ? `${product}/${day}` : '',
  };
}

/** `20260901` as `0841536000`: the SCET day that has its middle in this UTC day, which its L0 is called by. */
function scetDay(range: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(range) ?? [];
  if (year === undefined) return undefined;
  const seconds = (Date.UTC(Number(year), Number(month) - 1, Number(day)) - SCET_EPOCH_MS) / 1000;
  return String(seconds).padStart(10, '0');
}
