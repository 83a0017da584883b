import { GROUPS, type Group } from './layout.ts';
import { type Sort, SORTS } from './items.ts';

/** How the overview is looked at: all of it is in its address. */
export interface Look {
  readonly text: string;
  readonly conditions: readonly string[];
  readonly group: Group;
  readonly sort: Sort;
  readonly range: '24h' | '90d';
  readonly isWall: boolean;
}

/** What an address says wrong is as if it were not said. */
export function readLook(query: URLSearchParams): Look {
  return {
    text: query.get('q') ?? '',
    conditions: query.getAll('is').filter((each) => CHOICES.includes(each)),
    group: GROUPS.find((each) => each === query.get('group')) ?? 'none',
    sort: SORTS.find((each) => each === query.get('sort')) ?? 'worst',
    range: query.get('bars') === '90d' ? '90d' : '24h',
    isWall: query.get('wall') === '1',
  };
}

const CHOICES: readonly string[] = ['bad', 'late', 'unknown', 'ok', 'stopped'];
