import type { Descriptor } from "./descriptor.ts";

/** One thing that happened during a copy, push or pull. Sizes are bytes. */
export type ProgressEvent =
  /** The work is known: `nodes` pieces of content, `bytes` in all. May come again when more is found. */
  | { readonly type: "planned"; readonly nodes: number; readonly bytes: number }
  | { readonly type: "started"; readonly descriptor: Descriptor }
  /** `done` of `descriptor.size` have been moved. */
  | { readonly type: "bytes"; readonly descriptor: Descriptor; readonly done: number }
  | { readonly type: "mounted"; readonly descriptor: Descriptor }
  | { readonly type: "skipped"; readonly descriptor: Descriptor }
  | { readonly type: "retried"; readonly descriptor: Descriptor; readonly reason: string }
  | { readonly type: "done"; readonly descriptor: Descriptor }
  | { readonly type: "tagged"; readonly descriptor: Descriptor; readonly ref: string }
  | { readonly type: "failed"; readonly descriptor: Descriptor; readonly error: Error };

/** Hears what happens; a promise it returns is waited for. */
export type OnProgress = (event: ProgressEvent) => void | Promise<void>;
