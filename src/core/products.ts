/** A product of a pipeline that is there now, as its ledger knows it. */
export interface PipelineProduct {
  readonly pipeline: string;
  /** The step that made it. */
  readonly step: string;
  /** Absolute. */
  readonly file: string;
  /** Relative to the pipeline's folder of products. */
  readonly path: string;
  readonly version: number;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** False: it may still grow. */
  readonly complete: boolean;
  /** When it got the content that it has now, wall milliseconds. */
  readonly changed: number;
}

/** What a verb may ask of the pipelines of this machine: filled by `app`. */
export interface ProductSource {
  /**
   * The products of a pipeline, by path; of some steps, or of all. Reads the ledger while the pipeline may write it: what changes
   * meanwhile is seen or not. Throws an Error with a whole sentence where there is no such pipeline, or its ledger cannot be read.
   */
  products(pipeline: string, steps?: readonly string[]): AsyncIterable<PipelineProduct>;
}
