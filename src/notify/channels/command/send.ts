import type { Channel } from '../../../core/channel.ts';
import type { ChannelContext } from '../../channel-kind.ts';
import { clipBytes } from '../../rendering/clean.ts';
import { noticeJson } from '../../rendering/notice-json.ts';
import { outlineOf } from '../../rendering/outline.ts';
import { fillText, PLACEHOLDERS } from '../../rendering/placeholders.ts';
import { judgeProgram, runProgram } from '../../run-program.ts';
import type { CommandOptions } from './options.ts';

/** The kernel takes 128 KiB a word (MAX_ARG_STRLEN). */
const LONGEST = 100_000;

export function createCommand({ run }: CommandOptions, context: ChannelContext): Channel {
  return {
    async send(notice, signal) {
      const outline = outlineOf(notice, context.zone);
      const fill = (text: string): string => clipBytes(fillText(text, notice, outline), LONGEST);
      const outcome = await runProgram(
        {
          argv: run.map(fill),
          env: Object.fromEntries(
            PLACEHOLDERS.map((name) => [`VAHTI_${name.toUpperCase()}`, fill(`{${name}}`)]),
          ),
          input: `${JSON.stringify(noticeJson(notice))}\n`,
          signal,
        },
        context,
      );
      return judgeProgram(run[0] ?? '', outcome);
    },
  };
}
