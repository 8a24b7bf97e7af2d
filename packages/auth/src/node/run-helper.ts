import { spawn } from "node:child_process";
import { AuthError } from "../errors.ts";

/** What a helper is asked to do (docker-credential-helpers, "Development"). */
export type HelperAction = "get" | "store" | "erase" | "list";

export interface HelperOptions {
  /** The environment the program runs in, `PATH` included (default: this process's). */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long it may take (default 30,000): a person may have to unlock a keychain. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const HELPER_TIMEOUT_MS = 30_000;
/** A credential is a few kilobytes, a list of them not many more. */
const HELPER_OUTPUT_LIMIT_BYTES = 1_048_576;
/** The text by which every helper says that it has none; with exit status 1 and on standard output. */
const NOT_FOUND = "credentials not found in native keychain";

/** @throws AuthError `CONFIG` for a name that could be anything but the end of a program's name. */
export function assertHelperName(name: string, where: string): void {
  if (/^[A-Za-z0-9_.-]+$/.test(name)) return;
  throw new AuthError(
    "CONFIG",
    `${where}: the credential helper's name may hold letters, digits, "_", "." and "-" only; nothing was run`,
  );
}

/**
 * Runs `docker-credential-<name> <action>` without a shell, and resolves with what it printed; `undefined` where it
 * knows no such credential. What it printed is never part of an error: it may be the secret.
 *
 * @throws AuthError `CONFIG`, `HELPER_FAILED`, `SIZE_EXCEEDED`
 */
export async function runHelper(
  name: string,
  action: HelperAction,
  input: string,
  options: HelperOptions = {},
): Promise<string | undefined> {
  assertHelperName(name, "credential helper");
  options.signal?.throwIfAborted();
  const program = `docker-credential-${name}`;
  const { status, output } = await run(program, action, input, options);
  if (status === 0) return output;
  if (output.trim() === NOT_FOUND) return undefined;
  throw new AuthError("HELPER_FAILED", `${program} ${action} failed with status ${status ?? "unknown"}`);
}

function run(
  program: string,
  action: HelperAction,
  input: string,
  options: HelperOptions,
): Promise<{ readonly status: number | null; readonly output: string }> {
  const timeoutMs = options.timeoutMs ?? HELPER_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [action], {
      env: options.env === undefined ? process.env : { ...options.env },
      shell: false,
      stdio: ["pipe", "pipe", "ignore"],
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (reason: unknown): void => {
      finish();
      child.kill("SIGKILL");
      // A grandchild may hold the pipe open for as long as it likes.
      child.stdout.destroy();
      child.stdin.destroy();
      child.unref();
      reject(reason);
    };
    const timer = setTimeout(() => {
      stop(new AuthError("HELPER_FAILED", `${program} ${action} did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const abort = (): void => stop(options.signal?.reason);
    const finish = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    };
    options.signal?.addEventListener("abort", abort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= HELPER_OUTPUT_LIMIT_BYTES) chunks.push(chunk);
      else
        stop(
          new AuthError(
            "SIZE_EXCEEDED",
            `${program} ${action} printed more than ${HELPER_OUTPUT_LIMIT_BYTES} bytes`,
          ),
        );
    });
    // A helper that does not read its input has closed it, which is its right.
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      const what = missing
        ? "is not installed, or not on the PATH"
        : `could not be run (${error.code ?? "unknown"})`;
      stop(new AuthError("HELPER_FAILED", `${program} ${what}`));
    });
    child.on("close", (status) => {
      finish();
      resolve({ status, output: Buffer.concat(chunks).toString("utf8") });
    });
    child.stdin.end(input);
  });
}
