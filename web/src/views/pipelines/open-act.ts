import { createContext } from 'svelte';
import type { PipelineAct } from './acts.ts';

/** An act that a person is asked about. */
export interface OpenAct {
  readonly act: PipelineAct;
  /** Called when it was done. */
  readonly done: (() => void) | undefined;
}

/** Opens the dialog of an act. It stands beside the parts of a pipeline: what is told meanwhile may take away the button. */
export const [openAct, setOpenAct] = createContext<(open: OpenAct) => void>();
