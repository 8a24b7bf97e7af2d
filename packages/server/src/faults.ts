import { setTimeout as wait } from "node:timers/promises";
import type { RegistryReply, RegistryRequest, ReplyHeaders } from "./exchange.ts";

/** Which requests a fault meets. What is left out matches everything. */
export interface FaultMatch {
  /** One method or several, such as `["PUT", "PATCH"]`. */
  readonly method?: string | readonly string[] | undefined;
  /** A part of the path, or a pattern for it. */
  readonly path?: string | RegExp | undefined;
  /** Lets so many matching requests through first. Default 0. */
  readonly after?: number | undefined;
  /** How many matching requests are met then. Default all. */
  readonly times?: number | undefined;
}

/** Something that goes wrong on purpose, so that clients can be tested. The first fault that matches is used. */
export type Fault = FaultMatch &
  (
    | {
        /** Answers after so many milliseconds. */
        readonly kind: "delay";
        readonly delayMs: number;
      }
    | {
        /** Answers with a status and does nothing: 429 with `retryAfter`, 500, 503. */
        readonly kind: "status";
        readonly status: number;
        /** The `Retry-After` header: seconds, or a date as text. */
        readonly retryAfter?: number | string | undefined;
        /** Default: an error document as registries send it. */
        readonly body?: string | undefined;
      }
    | {
        /** Cuts the connection after so many bytes of the answer's body. */
        readonly kind: "truncate";
        readonly afterBytes: number;
      }
    | {
        /** Changes the last byte of the answer's body, so that neither digest nor bytes fit each other any more. */
        readonly kind: "corrupt";
      }
    | {
        /** Names this digest in `Docker-Content-Digest`, whatever the content. */
        readonly kind: "wrong-digest";
        readonly digest?: string | undefined;
      }
    | {
        /** Sends the client elsewhere: a URL, or a function of the one that was asked for. */
        readonly kind: "redirect";
        readonly location: string | ((url: URL) => string);
        /** Default 307. */
        readonly status?: number | undefined;
      }
    | {
        /** Cuts the connection without an answer. */
        readonly kind: "drop";
      }
  );

/** Wraps an answer in the faults that were asked for. */
export function withFaults(
  faults: readonly Fault[],
): (request: RegistryRequest, answer: () => Promise<RegistryReply>) => Promise<RegistryReply> {
  const seen = new Map<Fault, number>();
  const choose = (request: RegistryRequest): Fault | undefined => {
    for (const fault of faults) {
      if (!isMet(fault, request)) continue;
      const count = seen.get(fault) ?? 0;
      seen.set(fault, count + 1);
      const after = fault.after ?? 0;
      if (count >= after && count < after + (fault.times ?? Number.POSITIVE_INFINITY)) return fault;
    }
    return undefined;
  };
  return async (request, answer) => {
    const fault = choose(request);
    return fault === undefined ? answer() : apply(fault, request, answer);
  };
}

/** Where the connection is to be cut; whoever sends the answer lets it fall. */
export class ConnectionCut extends Error {
  override readonly name: string = "ConnectionCut";
}

function isMet({ method, path }: FaultMatch, request: RegistryRequest): boolean {
  const methods = typeof method === "string" ? [method] : method;
  if (methods !== undefined && !methods.includes(request.method)) return false;
  if (path === undefined) return true;
  return typeof path === "string" ? request.path.includes(path) : new RegExp(path).test(request.path);
}

async function apply(
  fault: Fault,
  request: RegistryRequest,
  answer: () => Promise<RegistryReply>,
): Promise<RegistryReply> {
  switch (fault.kind) {
    case "delay":
      await wait(fault.delayMs, undefined, { signal: request.signal });
      return answer();
    case "status":
      return statusReply(fault.status, fault.retryAfter, fault.body);
    case "redirect": {
      const query = request.query.toString();
      const asked = new URL(`${request.origin}${request.path}${query === "" ? "" : `?${query}`}`);
      const location = typeof fault.location === "string" ? fault.location : fault.location(asked);
      return {
        status: fault.status ?? 307,
        headers: [
          ["Location", location],
          ["Content-Length", "0"],
        ],
      };
    }
    case "drop":
      throw new ConnectionCut("dropped on request");
    case "truncate": {
      const reply = await answer();
      return { ...reply, body: truncated(reply.body, fault.afterBytes) };
    }
    case "corrupt": {
      const reply = await answer();
      return { ...reply, body: corrupted(reply.body, lengthOf(reply)) };
    }
    case "wrong-digest": {
      const reply = await answer();
      const digest = fault.digest ?? `sha256:${"0".repeat(64)}`;
      return { ...reply, headers: replaced(reply.headers, "docker-content-digest", digest) };
    }
  }
}

function statusReply(
  status: number,
  retryAfter: number | string | undefined,
  body: string | undefined,
): RegistryReply {
  const code = status === 429 ? "TOOMANYREQUESTS" : status === 503 ? "UNAVAILABLE" : "UNKNOWN";
  const text = body ?? JSON.stringify({ errors: [{ code, message: "a fault that was asked for" }] });
  const bytes = new TextEncoder().encode(text);
  return {
    status,
    headers: [
      ["Content-Type", body === undefined ? "application/json" : "text/plain"],
      ["Content-Length", String(bytes.byteLength)],
      ...(retryAfter === undefined ? [] : ([["Retry-After", String(retryAfter)]] as const)),
    ],
    body: bytes,
  };
}

async function* truncated(body: RegistryReply["body"], afterBytes: number): AsyncGenerator<Uint8Array> {
  let left = afterBytes;
  for await (const chunk of chunksOf(body)) {
    if (chunk.byteLength > left) {
      if (left > 0) yield chunk.subarray(0, left);
      throw new ConnectionCut("truncated on request");
    }
    left -= chunk.byteLength;
    yield chunk;
  }
}

async function* corrupted(body: RegistryReply["body"], length: number): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunksOf(body)) {
    position += chunk.byteLength;
    if (position < length) {
      yield chunk;
      continue;
    }
    const changed = new Uint8Array(chunk);
    changed[changed.byteLength - 1] = (changed.at(-1) ?? 0) ^ 0xff;
    yield changed;
  }
}

async function* chunksOf(body: RegistryReply["body"]): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (body instanceof Uint8Array) {
    if (body.byteLength > 0) yield body;
  } else yield* body;
}

function lengthOf(reply: RegistryReply): number {
  return Number(reply.headers.find(([name]) => name.toLowerCase() === "content-length")?.[1] ?? 0);
}

function replaced(headers: ReplyHeaders, name: string, value: string): ReplyHeaders {
  return headers.map(([key, old]) =>
    key.toLowerCase() === name ? ([key, value] as const) : ([key, old] as const),
  );
}
