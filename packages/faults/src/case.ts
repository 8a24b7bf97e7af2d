import type { Canary } from "./canary.ts";
import type { ClientCertificate, Extras, Feature, Operation, Outcome, Verb } from "./client.ts";
import type { Origin, OriginOptions, Script } from "./origin.ts";

export type Area = "reference" | "auth" | "transport" | "client" | "layout" | "command" | "server";

/** What the observation says. `observed` is one line for the table. */
export interface Verdict {
  readonly status: "pass" | "fail" | "not-applicable";
  readonly observed: string;
}

/** What a case says of itself. */
export interface CaseText {
  /** Kebab-case, unique, stable. */
  readonly id: string;
  readonly area: Area;
  /** The fault, exactly. */
  readonly fault: string;
  /** What a correct client (or server, where that is under test) does, in one sentence. */
  readonly expectation: string;
  /** A CVE, an issue, a section of a specification. */
  readonly reason: string;
  /** A correct client (or server) takes more than ten seconds: waits, deadlines. */
  readonly slow?: boolean;
  /** Seconds a client may take before it counts as hanging; default 60. */
  readonly limitSeconds?: number;
}

/** One fault of servers: an exact script, what a correct client does, and why. */
export interface FaultCase extends CaseText {
  /** A client without one of these is not judged. */
  readonly verbs: readonly Verb[];
  /** A client that cannot be told one of these is not judged. */
  readonly features?: readonly Feature[];
  /** What the machine must offer. */
  readonly needs?: readonly Need[];
  run(stage: Stage): Promise<Verdict>;
}

/** `network-namespace`: a network of the case's own, where every address is free to take; see `namespace.ts`. */
export type Need = "root" | "linux" | "network-namespace";

/** What a case plays on. Everything made here is taken down after the case. */
export interface Stage {
  readonly canary: Canary;
  /** An empty folder. */
  readonly folder: string;
  /** A scripted server; all of them are searched for leaked secrets by {@link Stage.leaks}. */
  origin(script: Script, options?: OriginOptions): Promise<Origin>;
  /** Stores the canary's user and password for this registry, as `docker login` would. */
  signIn(host: string): Promise<void>;
  /** Writes docker's configuration file: a document, or text as wrong as the case wants it. */
  configure(document: object | string, home?: string): Promise<void>;
  /** Puts a credential helper, `docker-credential-NAME`, on the client's path: a shell script's lines. */
  helper(name: string, script: string): Promise<void>;
  /** The suite's own certificate for the client to show. */
  clientCertificate(): Promise<ClientCertificate>;
  /** An empty folder that stands for another user's HOME. */
  newHome(): Promise<string>;
  /** Lets the client act. */
  act(operation: Operation, extras?: Extras): Promise<Outcome>;
  /** Where the secret turned up although it must not: other origins, output. Empty is good. */
  leaks(options: { readonly allowed: readonly Origin[] }): readonly string[];
}

export function pass(observed: string): Verdict {
  return { status: "pass", observed };
}

export function fail(observed: string): Verdict {
  return { status: "fail", observed };
}

export function notApplicable(observed: string): Verdict {
  return { status: "not-applicable", observed };
}

/** The first of these that fails, or a pass that says what was seen. */
export function judge(
  observed: string,
  ...checks: readonly (readonly [holds: boolean, otherwise: string])[]
): Verdict {
  const broken = checks.find(([holds]) => !holds);
  return broken === undefined ? pass(observed) : fail(broken[1]);
}
