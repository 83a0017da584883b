import type { FarTrouble } from './far.ts';
import type { ProgramEnd } from '../program.ts';
import { sshTrouble } from './ssh.ts';

/** The exit codes of rsync(1), EXIT VALUES, in words; and whether they may be over by themselves. */
const ENDS: Readonly<Record<number, readonly [why: string, passing: boolean]>> = {
  1: ['does not know its options', false],
  2: ['and the one there speak different protocols', false],
  3: ['cannot read or write one of the folders', false],
  4: ['cannot do what was asked there', false],
  5: ['could not begin to speak with the far side', true],
  6: ['could not write its log', false],
  10: ['lost its connection', true],
  11: ['could not read or write a file', false],
  12: ['lost the far side in the middle', true],
  13: ['could not tell what went wrong', true],
  14: ['could not speak with its own processes', true],
  20: ['was ended by a signal', true],
  21: ['was ended from outside', true],
  22: ['ran out of memory', true],
  30: ['heard nothing for too long', true],
  35: ['waited too long for the far side', true],
  124: ['could not run the far command', false],
  125: ['lost the far command by a signal', true],
  126: ['cannot run rsync at the far side', false],
  127: ['finds no rsync at the far side', false],
};

/** 23: some files could not be carried; 24: some went away; 25: a limit of deletions. The others were carried. */
const SOME = new Set([23, 24, 25]);

const FULL = /No space left on device|Disk quota exceeded/;

/** What an end of rsync means for the run; undefined: nothing, or only for some files. */
export function rsyncTrouble({ exit, said }: ProgramEnd, host: string | undefined): FarTrouble | undefined {
  if (exit.kind === 'failed') return { reason: exit.error, passing: false };
  if (exit.kind === 'silent') return { reason: 'rsync made no progress for too long', passing: true };
  if (exit.kind === 'signalled') return { reason: `rsync was ended by ${exit.signal}`, passing: true };
  if (exit.code === 0) return undefined;
  const full = said.find((line) => FULL.test(line));
  if (full !== undefined) return { reason: `the disk is full where it writes: ${full}`, passing: true };
  if (SOME.has(exit.code)) return undefined;
  if (exit.code === 255 && host !== undefined) return sshTrouble(host, said);
  const [why, passing] = ENDS[exit.code] ?? [`ended with the unknown exit code ${exit.code}`, true];
  const line = said.find((each) => !each.startsWith('rsync error: ')) ?? said.at(-1) ?? '';
  return { reason: `rsync ${why} (${exit.code})${line === '' ? '' : `: ${line}`}`, passing };
}
