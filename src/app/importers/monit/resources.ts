import { formatSize } from '../../../core/sizes.ts';
import { left, type Made } from './made.ts';
import { bytesOf, isPercent, type Reading } from './reading.ts';

const MIB = 1_048_576;

/** A watch that is a small program for awk: its value on one line, and exit code 1 where it is over. */
function awk(name: string, program: string, file: string): Made {
  return { kind: 'watch', name, keys: { command: ['awk', program, file] } };
}

/** Tests of a process: memory and cpu of its tree. @param memory bytes of this machine. */
export function processResource(word: string, reading: Reading, memory: number): Made {
  const total =
    word === 'total' ? reading.take('cpu', 'mem', 'memory', 'filedescriptors', 'threads') : undefined;
  const what = (total ?? word).replace(/^total/, '');
  const comparison = reading.comparison();
  const limit = reading.quantity();
  if (!/^(?:cpu|mem|memory)$/.test(what)) return left('there is no such watch');
  if (limit === undefined || reading.rest().length > 0) return left('it cannot be read');
  if (!comparison.startsWith('>')) return left('a watch looks for too much, not for too little');
  if (what === 'cpu') return { kind: 'watch', name: 'cpu', keys: { max: `${limit.number}%` } };
  const bytes = isPercent(limit) ? (memory * limit.number) / 100 : bytesOf(limit);
  const step = bytes < 10 * MIB ? 1024 : MIB;
  const max = formatSize(Math.max(step, Math.round(bytes / step) * step));
  const share = `${max} is ${limit.number}% of the memory of this machine`;
  return { kind: 'watch', name: 'memory', keys: { max }, notes: isPercent(limit) ? [share] : [] };
}

/** Tests of the machine: load, memory, swap. */
export function systemResource(word: string, reading: Reading): Made {
  if (word.startsWith('loadavg')) return loadWatch(word, reading);
  if (word.startsWith('cpu'))
    return left('there is no watch of all processors together; a load average (`loadavg`) is one');
  if (!/^(?:mem|memory|swap)$/.test(word)) return left('there is no such watch');
  const comparison = reading.comparison();
  const limit = reading.quantity();
  if (limit === undefined || reading.rest().length > 0) return left('it cannot be read');
  const isSwap = word === 'swap';
  const [whole, rest] = isSwap ? ['SwapTotal', 'SwapFree'] : ['MemTotal', 'MemAvailable'];
  const figure = isPercent(limit) ? 't ? 100 * (t - f) / t : 0' : '(t - f) * 1024';
  const number = isPercent(limit) ? limit.number : bytesOf(limit);
  const sign = isPercent(limit) ? '%' : ' bytes';
  return awk(
    isSwap ? 'swap' : 'memory-used',
    `/^${whole}:/ { t = $2 } /^${rest}:/ { f = $2 } END { u = ${figure}; print u "${sign}"; exit (u ${comparison} ${number}) }`,
    '/proc/meminfo',
  );
}

function loadWatch(word: string, reading: Reading): Made {
  const behind =
    word.slice('loadavg'.length) ||
    (reading.rest()[0]?.text.startsWith('(') === true ? (reading.text() ?? '') : '');
  const field = ['(1min)', '(5min)', '(15min)'].indexOf(behind.toLowerCase()) + 1;
  const isPerCore = reading.take('per') !== undefined && reading.take('core') !== undefined;
  const comparison = reading.comparison();
  const limit = reading.quantity();
  if (field === 0 || limit === undefined || reading.rest().length > 0) return left('it cannot be read');
  const load = isPerCore ? `"getconf _NPROCESSORS_ONLN" | getline n; l = $${field} / n` : `l = $${field}`;
  return awk(
    `load-${behind.slice(1, -1)}`,
    `{ ${load}; print l; exit (l ${comparison} ${limit.number}) }`,
    '/proc/loadavg',
  );
}
