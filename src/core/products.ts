import type { Result } from './result.ts';

/** A product of a pipeline that is there now, as its ledger knows it. */
export interface PipelineProduct {
  /** The step that made it. */
  readonly step: string;
  /** Absolute. */
  readonly file: string;
  readonly version: number;
  /** Bytes. */
  readonly bytes: number;
  /** Decimal nanoseconds. */
  readonly mtimeNs: string;
  /** Undefined where the ledger does not know it: of what was taken over. */
  readonly sha256?: string;
  /** False: it may still grow. */
  readonly complete: boolean;
  /** When it got the content that it has now, wall milliseconds. */
  readonly changed: number;
}

/** Something that keeps products as they are until it is let go; the kernel does the same when the process dies. */
export interface ProductsHold {
  release(): void;
}

export interface ProductsHoldError {
  /** `held`: somebody makes them anew, which passes. */
  readonly kind: 'held' | 'unusable';
  /** A whole sentence: who makes them anew and since when, or why that cannot be told. */
  readonly message: string;
}

/** What a verb may ask of the pipelines of this machine: filled by `app`. */
export interface ProductSource {
  /**
   * The products of a pipeline that are current, by path; of some steps, or of all. Reads the ledger as it is at one moment, while the
   * pipeline may write it. Throws an Error with a whole sentence where there is no such pipeline, or its ledger cannot be read.
   */
  products(pipeline: string, steps?: readonly string[]): AsyncIterable<PipelineProduct>;
  /**
   * Keeps everybody from making the products in a folder anew; the pipelines' services go on.
   */
  hold(folder: string): Result<ProductsHold, ProductsHoldError>;
}
