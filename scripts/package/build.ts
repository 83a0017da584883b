/** How a package is built. */
export interface BuildOptions {
  /** Where the package is put. */
  readonly out: string;
  /** A folder of its own for what is made on the way; it exists. */
  readonly work: string;
  /** The time of everything in it, seconds since 1970. */
  readonly epoch: number;
  /** `none` is for tests: quick, and large. */
  readonly compress: 'gzip' | 'none';
}
