import fc from 'fast-check';

/** Any code point but halves of a pair, as the unit `binary` of fast-check has them. */
const codePoint = fc
  .nat(0x10_ff_ff - 0x8_00)
  .map((at) => String.fromCodePoint(at < 0xd8_00 ? at : at + 0x8_00));

/**
 * Texts of any code points, and now and then of words that are dangerous in JavaScript. The unit `binary` itself writes down all of
 * Unicode when it is first named, in each test file: a second of a core and 180 MiB (measured, fast-check 4.10).
 */
export function anyText(constraints: fc.StringSharedConstraints = {}): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.string({ ...constraints, unit: codePoint }) },
    fc.string(constraints),
  );
}
