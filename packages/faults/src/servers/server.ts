/** What not every server can be told, or shows; a server without a feature that a case needs is not judged on it. */
export type ServerFeature =
  /** Users who may use some repositories and no others. */
  | "users"
  /** To refuse all deleting. */
  | "no-deletes"
  /** How many uploads may be open, and for how long. */
  | "upload-limits"
  /** It keeps everything in a folder of this machine, where a case can look. */
  | "folder"
  /** It listens on a loopback address. */
  | "loopback";

/** Somebody who may do everything in repositories below one name, and nothing elsewhere. */
export interface ServerUser {
  readonly username: string;
  readonly password: string;
  /** `alice` for `alice/app` and `alice/tool`. */
  readonly owns: string;
}

/** How a case wants the server to be. */
export interface ServerSetting {
  /** An empty folder for what the server keeps. */
  readonly folder: string;
  /** Much is put in and nobody looks at the folder: a server that can do without it is quicker. */
  readonly inMemory?: boolean;
  /** Default: everybody may do everything. */
  readonly users?: readonly ServerUser[];
  /** Default true. */
  readonly deletes?: boolean;
  readonly uploads?: { readonly most: number; readonly idleMs: number };
}

/** A server that listens. */
export interface RunningServer {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** A registry server that can be put on the stage. */
export interface Server {
  readonly name: string;
  readonly version: string;
  readonly features: ReadonlySet<ServerFeature>;
  /** Starts one for a case. */
  start(setting: ServerSetting): Promise<RunningServer>;
}
