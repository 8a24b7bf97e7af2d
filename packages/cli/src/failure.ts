import type { ExitCode } from "./command.ts";
import { EXIT_OF_ERROR } from "./exit-codes.ts";

/** A failure as the command line reports it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The next step, where one is known. */
  readonly hint?: string;
  readonly status?: number;
  /** As the registry sent them. */
  readonly errors?: readonly unknown[];
  readonly exit: ExitCode;
}

/** What an error of any of the packages means to someone at a command line, who ran `command`. */
export function describeFailure(error: unknown, command?: string): Failure {
  if (!(error instanceof Error)) return { code: "FAILED", message: String(error), exit: 1 };
  const code = errorCode(error);
  const hint = hintOf(error, code, command);
  const status = property(error, "status");
  const errors = property(error, "errors");
  return {
    code,
    message: oneLine(messageOf(error)),
    ...(hint === undefined ? {} : { hint }),
    ...(typeof status === "number" ? { status } : {}),
    ...(Array.isArray(errors) && errors.length > 0 ? { errors } : {}),
    exit: error.name === "InvalidReferenceError" ? 2 : (EXIT_OF_ERROR[code] ?? 1),
  };
}

/** `reg: MESSAGE; HINT`. */
export function failureLine(failure: Failure): string {
  const message = failure.message.replace(/\.$/, "");
  return failure.hint === undefined ? `reg: ${message}` : `reg: ${message}; ${failure.hint}`;
}

/** The object that `--json` puts on standard error. */
export function failureDocument(failure: Failure): object {
  const { code, message, status, errors } = failure;
  return {
    error: {
      code,
      message,
      ...(status === undefined ? {} : { status }),
      ...(errors === undefined ? {} : { errors }),
    },
  };
}

/** The packages name their own options; here are those of the command line. */
export function howToAllow(message: string): string | undefined {
  if (message.includes("sendSecretsOverPlainHttp")) return "here: --plain-http together with --insecure";
  if (message.includes("option apiToken")) return "here: --api-token-stdin, or --by emptying";
  if (message.includes('option by: "emptying"')) return "here: --by emptying";
  return message.includes("realms:") ? "here: --realm HOST=URL" : undefined;
}

function errorCode(error: Error): string {
  const code = property(error, "code");
  if (typeof code === "string" && code !== "") return code;
  if (error.name === "TimeoutError") return "TIMEOUT";
  return "FAILED";
}

/** The system's messages begin with their code and end with the call that failed; people want the file. */
function messageOf(error: Error): string {
  const code = property(error, "code");
  const path = property(error, "path");
  const known = typeof code === "string" ? SYSTEM_MESSAGES[code] : undefined;
  if (known === undefined) return error.message === "" ? error.name : error.message;
  return typeof path === "string" ? `${path}: ${known}` : known;
}

function hintOf(error: Error, code: string, command: string | undefined): string | undefined {
  const own = property(error, "hint");
  if (typeof own === "string" && own !== "" && !error.message.includes(own)) return own;
  if (code === "NOT_FOUND") return whereToLook(error, command);
  const allowed = howToAllow(error.message);
  if (allowed !== undefined || code === "POLICY_REFUSED") return allowed;
  if (code === "UNAUTHENTICATED") return howToSignIn(error);
  // A message of two sentences says the next step already.
  if (/[.;] \S/.test(error.message)) return undefined;
  return HINTS[code];
}

function howToSignIn(error: Error): string {
  const registry = property(error, "registry");
  return `\`reg login ${typeof registry === "string" ? registry : "HOST"}\` signs in, \`reg auth explain\` shows what was tried`;
}

function whereToLook(error: Error, command: string | undefined): string | undefined {
  if (error.message.includes(" blob ")) return undefined;
  const registry = property(error, "registry");
  const repository = property(error, "repository");
  if (typeof registry !== "string" || typeof repository !== "string") return undefined;
  // Nothing is gained from listing the tags of a repository that is not there, which may be what has just failed.
  if (command !== "tags" && !hasUnknownName(error)) {
    return `\`reg tags ${registry}/${repository}\` lists what there is`;
  }
  // Docker Hub has too many repositories to list them.
  return registry === "docker.io" ? "check its name" : `\`reg catalog ${registry}\` lists its repositories`;
}

/** The registry says itself that it has no such repository (distribution-spec, "Error Codes"). */
function hasUnknownName(error: Error): boolean {
  const errors = property(error, "errors");
  return Array.isArray(errors) && errors.some((each) => each?.code === "NAME_UNKNOWN");
}

function property(error: Error, name: string): unknown {
  return name in error ? Reflect.get(error, name) : undefined;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ").trim();
}

const HINTS: Readonly<Record<string, string>> = {
  FORBIDDEN: "the account may not do this; `reg auth explain REF` shows which one was used",
  RATE_LIMITED: "wait a while, or sign in for a higher limit (`reg ratelimit REF` shows it)",
  NETWORK: "check the host name, the port and the proxy",
  TLS: "add its certificate with --ca FILE, or trust any with --insecure",
  DIGEST_MISMATCH: "nothing was kept; try again, and distrust the source if it goes on",
  SIZE_MISMATCH: "nothing was kept; try again, and distrust the source if it goes on",
};

const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "is a folder, not a file",
  ENOTDIR: "is not a folder",
  EEXIST: "exists already",
  ENOSPC: "no space left on the disk",
  EROFS: "the file system is read-only",
  EFBIG: "the file is too large for its file system",
  EADDRINUSE: "the address is in use already",
  EADDRNOTAVAIL: "the address is not one of this machine",
};
