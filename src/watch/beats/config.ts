import * as v from 'valibot';
import { parseAddress } from '../../core/address.ts';
import type { FieldFacts } from '../../core/fields.ts';

const ADDRESS_FORM = 'HOST:PORT, with a port from 1 to 65535';
const URL_FORM = 'an http or https address without ? and #';

/** `beats:` in the config: where beats may be sent by HTTP. */
export const beatsConfig = v.pipe(
  v.strictObject({
    listen: v.pipe(
      v.string(`cannot use this value: write ${ADDRESS_FORM}`),
      v.check((value) => parseAddress(value) !== undefined, `cannot use this value: write ${ADDRESS_FORM}`),
      v.metadata({
        form: ADDRESS_FORM,
        json: { type: 'string', examples: ['127.0.0.1:7081', '[::1]:7081'] },
      } satisfies FieldFacts),
      v.description(
        'Where to listen for beats. Beyond this machine only where the address says so; it is plain HTTP, so put a proxy with TLS in front of it.',
      ),
    ),
    url: v.pipe(
      v.optional(
        v.pipe(
          v.string(`cannot use this value: write ${URL_FORM}`),
          v.check(
            (value) => /^https?:\/\/[^?#]+$/.test(value) && URL.canParse(value),
            `cannot use this value: write ${URL_FORM}`,
          ),
          v.metadata({
            form: URL_FORM,
            json: { type: 'string', pattern: '^https?://[^?#]+$', examples: ['https://beats.example'] },
          } satisfies FieldFacts),
        ),
      ),
      v.description(
        'How others reach it, a proxy for example: what `vahti beat NAME --url` shows begins so. By default `http://LISTEN`.',
      ),
    ),
  }),
  v.description(
    'A listener for beats by HTTP (see docs/beats.md). Without it there is none, and beats come by `vahti beat` alone.',
  ),
);

export type BeatsConfig = v.InferOutput<typeof beatsConfig>;
