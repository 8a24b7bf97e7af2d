import type { ResponseBody, ResponseHeaders, Transport, TransportRequest } from "@reg/transport";

/** What a scripted server answers. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Where the answer came from, if a redirect was followed. */
  readonly url?: URL;
}

export interface Recorded {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly context: TransportRequest["context"];
  readonly onBehalfOf: string | undefined;
}

export interface ScriptedTransport extends Transport {
  readonly requests: Recorded[];
  /** Requests to this host. */
  to(host: string): Recorded[];
}

/** A network whose every server is one function. */
export function scriptedTransport(
  answer: (request: Recorded) => ScriptedAnswer | Promise<ScriptedAnswer>,
): ScriptedTransport {
  const requests: Recorded[] = [];
  const transport: Transport = async (request) => {
    request.signal?.throwIfAborted();
    const recorded: Recorded = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: request.body instanceof Uint8Array ? new TextDecoder().decode(request.body) : "",
      context: request.context,
      onBehalfOf: request.onBehalfOf,
    };
    requests.push(recorded);
    const { status, headers = [], body = "", url = request.url } = await answer(recorded);
    request.signal?.throwIfAborted();
    return { status, headers: scriptedHeaders(headers), url, body: scriptedBody(body) };
  };
  return Object.assign(transport, {
    requests,
    to: (host: string) => requests.filter((request) => request.url.host === host),
  });
}

export function bearer(realm: string, more = ""): ScriptedAnswer {
  return {
    status: 401,
    headers: [["www-authenticate", `Bearer realm="${realm}"${more === "" ? "" : `,${more}`}`]],
    body: '{"errors":[{"code":"UNAUTHORIZED"}]}',
  };
}

export function json(value: unknown, status = 200): ScriptedAnswer {
  return { status, body: JSON.stringify(value) };
}

function scriptedHeaders(pairs: readonly (readonly [string, string])[]): ResponseHeaders {
  const all = (name: string): string[] =>
    pairs.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
  return {
    all,
    get: (name) => all(name)[0],
    [Symbol.iterator]: () => pairs[Symbol.iterator](),
  };
}

function scriptedBody(content: string | Uint8Array | AsyncIterable<Uint8Array>): ResponseBody {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const body: ResponseBody = {
    async *[Symbol.asyncIterator]() {
      if (bytes instanceof Uint8Array) yield bytes;
      else yield* bytes;
    },
    async bytes(limit) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length > limit) throw new Error("larger than its limit");
      return all;
    },
    json: async (limit) => JSON.parse(new TextDecoder().decode(await body.bytes(limit))) as unknown,
    discard: () => Promise.resolve(),
  };
  return body;
}
