import { noticeJson } from '../../../rendering/notice-json.ts';
import type { Preset } from '../preset.ts';

/** Whatever takes JSON: the notice itself. */
export const generic: Preset = {
  name: 'generic',
  matches: () => false,
  secretAddress: false,
  posts: ({ notice }) => [{ body: noticeJson(notice) }],
};
