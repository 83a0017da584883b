import type { Preset } from '../preset.ts';
import { discord } from './discord.ts';
import { generic } from './generic.ts';
import { mattermost } from './mattermost.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';
import { telegram } from './telegram.ts';

/** Every far side that has a form of its own. */
export const PRESETS: readonly Preset[] = [generic, slack, mattermost, discord, telegram, teams, pagerduty];

export const PRESET_NAMES = PRESETS.map(({ name }) => name);

/** The one that a template names, or that an address belongs to; the notice itself where there is none. */
export function presetOf(template: string | undefined, url: URL): Preset {
  const meant = PRESETS.find(({ name }) => name === template);
  return meant ?? PRESETS.find((preset) => preset.matches(url)) ?? generic;
}
