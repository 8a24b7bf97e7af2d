/** What a client is asked to do; each is one process for a command line, one call for a library. */
export type Operation =
  | { readonly verb: "pull"; readonly reference: string; readonly folder: string }
  | { readonly verb: "push"; readonly folder: string; readonly reference: string }
  | { readonly verb: "copy"; readonly from: string; readonly to: string }
  | { readonly verb: "tags"; readonly repository: string }
  | { readonly verb: "digest"; readonly reference: string }
  | { readonly verb: "blob"; readonly repository: string; readonly digest: string; readonly file: string }
  | { readonly verb: "referrers"; readonly reference: string }
  | { readonly verb: "delete"; readonly reference: string };

export type Verb = Operation["verb"];

/** What the stage is set up with, beyond the operation itself. */
export interface Setting {
  /** An empty folder of the case's own; HOME points there. */
  readonly home: string;
  /** Accept the suite's own certificates. */
  readonly caFile?: string;
  readonly plainHttp: boolean;
  readonly timeoutMs: number;
}

/** What could be observed of a client from outside. */
export interface Outcome {
  /** 0 where it reported success; -1 where a signal or the time limit ended it. */
  readonly exitCode: number;
  /** Both output streams; an error's message and inspection for a library. */
  readonly output: string;
  readonly stdout: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** Where it can be read. */
  readonly peakMemoryBytes?: number;
}

/** Something that can be put on the stage. */
export interface Client {
  readonly name: string;
  readonly version: string;
  readonly verbs: ReadonlySet<Verb>;
  run(operation: Operation, setting: Setting): Promise<Outcome>;
}
