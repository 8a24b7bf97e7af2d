import type { CaseText, Verdict } from "../case.ts";
import type { ServerFeature, ServerSetting } from "./server.ts";
import type { Answer, WireRequest } from "./wire.ts";

/** One fault of clients, or of who pretends to be one, and what a correct server makes of it. */
export interface ServerCase extends CaseText {
  readonly area: "server";
  /** A server without one of these is not judged. */
  readonly features?: readonly ServerFeature[];
  run(stage: ServerStage): Promise<Verdict>;
}

/** What a server's case plays on. Everything made here is taken down after the case. */
export interface ServerStage {
  /** A name that no other case uses: servers that run already keep what they are given. */
  readonly name: string;
  /** Stands beside the server's folder, where nothing is its business. */
  readonly outside: string;
  start(setting?: Omit<ServerSetting, "folder">): Promise<Target>;
}

/** The server on the stage. */
export interface Target {
  readonly url: string;
  /** Files below the server's folder; empty where it has none to look into. */
  files(): readonly string[];
  /** The target goes out as it is written, dots, escapes and all. */
  send(method: string, target: string, request?: WireRequest): Promise<Answer>;
  /** Bytes as they are; what comes back until the end of the connection, or for two seconds. */
  sendRaw(bytes: string | Buffer): Promise<string>;
}
