/** What a client is asked to do; each is one process for a command line, one call for a library. */
export type Operation =
  | {
      readonly verb: "pull";
      readonly reference: string;
      readonly folder: string;
      /** The tag in the layout, for clients that can be told one; default `1.0`. */
      readonly as?: string;
    }
  | { readonly verb: "push"; readonly folder: string; readonly reference: string }
  | { readonly verb: "copy"; readonly from: string; readonly to: string }
  | { readonly verb: "tags"; readonly repository: string }
  | { readonly verb: "digest"; readonly reference: string }
  | { readonly verb: "blob"; readonly repository: string; readonly digest: string; readonly file: string }
  | { readonly verb: "referrers"; readonly reference: string; readonly artifactType?: string }
  /** Referrers, and theirs. */
  | { readonly verb: "tree"; readonly reference: string }
  | { readonly verb: "delete"; readonly reference: string }
  /** The files of an artifact, under the names it gives them. */
  | { readonly verb: "files"; readonly reference: string; readonly folder: string }
  /** An image's file system as one tar file. */
  | { readonly verb: "export"; readonly reference: string; readonly file: string }
  /** An image's file system as files in a folder. */
  | { readonly verb: "unpack"; readonly reference: string; readonly folder: string }
  /** A GET with headers of the user's own, to a URL of a registry. */
  | {
      readonly verb: "request";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    };

export type Verb = Operation["verb"];

/** What not every client can be told; a client without a feature that a case needs is not judged on it. */
export type Feature =
  | "client-certificate"
  | "debug"
  | "process"
  /** To speak https to a loopback address, where some clients always speak plain http. */
  | "loopback-tls";

/** A client's certificate, as files of PEM in a folder: `client.cert`, `client.key`, and `ca.crt` to trust. */
export interface ClientCertificate {
  readonly folder: string;
}

/** What an operation may ask for beyond itself. */
export interface Extras {
  readonly clientCertificate?: ClientCertificate;
  /** Print what is sent and received, as far as the client has an option for it. */
  readonly debug?: boolean;
  /** End the process without warning (SIGKILL) after so long; for clients that are processes. */
  readonly killAfterMs?: number;
  /** No file may become larger (`ulimit -f`); for clients that are processes. */
  readonly fileLimitKiB?: number;
  /** An identity of its own: a folder that HOME points to instead of the case's. */
  readonly home?: string;
}

/** What the stage is set up with, beyond the operation itself. */
export interface Setting extends Extras {
  /** An empty folder of the case's own; HOME points there, and programs in its `bin` come first. */
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
  readonly features?: ReadonlySet<Feature>;
  /** How another process of this suite can make the same client; a library has none. */
  readonly command?: { readonly name: string; readonly program: readonly string[] };
  run(operation: Operation, setting: Setting): Promise<Outcome>;
}
