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
  if (level === 'L0') return { step: 'L0', key: dirname(path).split('/').slice(1).join('-') };
  if (level === 'L1' && product.startsWith('ql-')) return { step: 'L1QL', key: '' };
  if (level === 'L1' && product.startsWith('sci-')) return { step: 'L1SCI', key: '' };
  return { step: level, key: '' };
}
