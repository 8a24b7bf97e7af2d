import type { TransportResponse } from "@reg/sdk";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { readInput } from "../read-input.ts";
import { openSession } from "../session.ts";
import { CommandError, UsageError } from "../usage-error.ts";
import { type FileSink, writeFileWhole } from "../write-file.ts";

/** A request's body is held in memory; blobs have commands of their own. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
/** What is shown of the body of a refusal. */
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;

/** The answer's body as it comes; with `--json` `{status, headers, body}`, the body parsed where it is JSON. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { registry, path } = readPath(call.argument("PATH"));
  const { client } = await openSession(call, [registry]);
  const body = await readBody(call);
  const scopes = call.list("scope");
  const response = await client.request(registry, call.argument("METHOD").toUpperCase(), path, {
    headers: readHeaders(call.list("header")),
    signal: call.signal,
    ...(body === undefined ? {} : { body }),
    ...(scopes.length === 0 ? {} : { scopes }),
  });
  if (response.status >= 400) throw await refusal(call, response);
  if (call.output.json) await printJson(call, response);
  else await printBody(call, response);
  return undefined;
}

/** `HOST/v2/…`, or a URL whose scheme the client judges for itself. */
function readPath(text: string): { registry: string; path: string } {
  const bare = text.replace(/^https?:\/\//, "");
  const slash = bare.indexOf("/");
  if (slash > 0) return { registry: bare.slice(0, slash), path: bare.slice(slash) };
  throw new UsageError(`"${text}" names no host and path`, "for example localhost:5000/v2/_catalog");
}

function readHeaders(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const colon = word.indexOf(":");
      if (colon <= 0) throw new UsageError(`--header is NAME:VALUE, not "${word}"`);
      return [word.slice(0, colon).trim().toLowerCase(), word.slice(colon + 1).trim()];
    }),
  );
}

async function readBody(call: Call): Promise<Uint8Array | undefined> {
  const data = call.text("data");
  if (data === undefined) return undefined;
  if (data === "-") return readInput("-", BODY_LIMIT_BYTES, call.signal);
  if (data.startsWith("@")) return readInput(data.slice(1), BODY_LIMIT_BYTES, call.signal);
  return Buffer.from(data);
}

async function refusal(call: Call, response: TransportResponse): Promise<CommandError> {
  const bytes = await response.body.bytes(ERROR_BODY_LIMIT_BYTES).catch(() => new Uint8Array());
  if (!call.output.json && bytes.length > 0) await call.output.document(bytes);
  const { status, url } = response;
  return new CommandError(codeOf(status), `${url.host} answers ${status} for ${url.pathname}`, {
    status,
    errors: errorsOf(bytes),
  });
}

function codeOf(status: number): string {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "FORBIDDEN";
  if (status === 404) return "NOT_FOUND";
  if (status === 429) return "RATE_LIMITED";
  return status >= 500 ? "UNAVAILABLE" : "INVALID";
}

function errorsOf(bytes: Uint8Array): readonly unknown[] {
  const document = parse(bytes);
  const errors =
    typeof document === "object" && document !== null ? Reflect.get(document, "errors") : undefined;
  return Array.isArray(errors) ? errors : [];
}

async function printJson(call: Call, response: TransportResponse): Promise<void> {
  const bytes = await response.body.bytes(BODY_LIMIT_BYTES);
  const headers: Record<string, readonly string[]> = {};
  for (const [name] of response.headers) headers[name.toLowerCase()] = response.headers.all(name);
  const body = parse(bytes) ?? Buffer.from(bytes).toString("utf8");
  call.output.value({ status: response.status, headers, body });
}

async function printBody(call: Call, response: TransportResponse): Promise<void> {
  const { output } = call;
  if (call.flag("include")) {
    output.line(`HTTP ${response.status}`);
    for (const [name, value] of response.headers) output.line(`${name}: ${value}`);
    output.line("");
  }
  const file = call.text("output");
  if (file !== undefined) {
    await writeFileWhole(file, (sink) => pour(response, sink));
  } else if (output.stdout.isTTY === true) {
    await output.document(await response.body.bytes(BODY_LIMIT_BYTES));
  } else {
    await pour(response, { write: (chunk) => output.bytes(chunk) });
  }
}

async function pour(
  response: TransportResponse,
  sink: FileSink | { write(chunk: Uint8Array): Promise<void> },
): Promise<void> {
  for await (const chunk of response.body) await sink.write(chunk);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
