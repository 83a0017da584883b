import * as v from 'valibot';
import { type FieldFacts, text } from './fields.ts';
import { parseWindow, WINDOW_FORM } from './windows.ts';

/** Kept as it is written: its zone may stand elsewhere in the config. */
const when = v.pipe(
  text(WINDOW_FORM),
  v.rawCheck(({ dataset, addIssue }) => {
    const read = dataset.typed ? parseWindow(dataset.value) : undefined;
    if (read?.ok === false) addIssue({ message: read.error });
  }),
);

const window = {
  when,
  why: text('a reason'),
};

const services = v.pipe(
  v.array(text('the name of a service, or a pattern such as db-*')),
  v.minLength(1, 'cannot use an empty list: leave `services` out where all of them are meant'),
);

const windowJson = { when: { type: 'string', minLength: 1 }, why: { type: 'string', minLength: 1 } };

function listJson(more: Readonly<Record<string, unknown>>, example: object) {
  const properties = { ...windowJson, ...more };
  const each = { type: 'object', required: ['when', 'why'], additionalProperties: false, properties };
  return { type: 'array', items: each, examples: [[example]] };
}

const SWITCH = { when: 'Sun 02:00-04:00 Europe/Zurich', why: 'switch maintenance' };
const MOVE = { when: '2026-11-30 22:00 - 2026-12-01 02:00 Europe/Zurich', why: 'the disks are replaced' };

/** `quiet:` of the whole config. */
export const quietConfig = v.pipe(
  v.array(v.strictObject({ ...window, services: v.optional(services) })),
  v.description(
    'When nothing is done about watches that fail, and nobody is told: windows of the week or of the calendar, each with `when`, `why` and, where it is not for all, `services`. See docs/silences.md.',
  ),
  v.metadata({
    form: 'a list of windows with `when`, `why` and `services`',
    json: listJson(
      { services: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 } },
      { ...SWITCH, services: ['db-*'] },
    ),
  } satisfies FieldFacts),
);

/** `quiet:` of one service, or of one job. */
export const ownQuietConfig = v.pipe(
  v.array(v.strictObject(window)),
  v.description('Windows of this alone, beside those of the whole config: each with `when` and `why`.'),
  v.metadata({
    form: 'a list of windows with `when` and `why`',
    json: listJson({}, MOVE),
  } satisfies FieldFacts),
);

export type QuietConfig = v.InferOutput<typeof quietConfig>;
