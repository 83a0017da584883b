import { createSynthesizer } from '../../src/wire/atproto/synthetic.ts';

/** Made-up frames of all kinds, the same in every run, with the numbers from `startSeq` on. */
export function syntheticFrames(count: number, startSeq: number): Uint8Array[] {
  const synthesizer = createSynthesizer({ seed: 7, time: () => 1_783_175_888_085, startSeq });
  return Array.from({ length: count }, () => synthesizer.next().frame);
}
