import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { compose, type Transport, withRedirects } from "@reg/transport";
import { undiciTransport } from "@reg/transport/undici";
import { type ClientOptions, RegistryClient } from "../../src/index.ts";

/** One request as the server saw it. */
export interface Seen {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** What a script answers; `raw` for those that misbehave below HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly raw?: (response: ServerResponse, request: IncomingMessage) => void;
}

/** `GET /v2/demo/tags/list`, with or without the query; a list is answered one after the other. */
export type Script = Readonly<
  Record<string, Answer | readonly Answer[] | ((seen: Seen) => Answer | Promise<Answer>)>
>;

export interface ScriptedRegistry extends AsyncDisposable {
  readonly host: string;
  readonly requests: readonly Seen[];
  /** `GET /v2/demo/tags/list` and so on, in the order they came. */
  readonly lines: readonly string[];
}

/** A registry that answers as the script says, and 404 to everything else. */
export async function scriptedRegistry(script: Script): Promise<ScriptedRegistry> {
  const requests: Seen[] = [];
  const turns = new Map<string, number>();
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "/";
    const method = request.method ?? "GET";
    const full = `${method} ${path}`;
    const key = full in script ? full : `${method} ${path.split("?")[0] ?? ""}`;
    const step = script[key];
    const body = await readBody(request);
    const seen: Seen = { method, path, headers: request.headers, body };
    requests.push(seen);
    let chosen: Answer | undefined;
    if (typeof step === "function") chosen = await step(seen);
    else if (Array.isArray(step)) {
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      chosen = (step as readonly Answer[])[Math.min(turn, step.length - 1)];
    } else chosen = step as Answer | undefined;
    const { status, headers = {}, body: content, raw } = chosen ?? { status: 404 };
    if (raw !== undefined) return raw(response, request);
    response.writeHead(status, { ...headers } as Record<string, string | string[]>);
    response.end(method === "HEAD" ? undefined : content);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    requests,
    get lines() {
      return requests.map(({ method, path }) => `${method} ${path}`);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client whose requests are sent once: what is tried again is the client's own doing. */
export function testClient(options: Partial<ClientOptions> = {}): RegistryClient {
  return new RegistryClient({ transport: testTransport(), ...options });
}

export function testTransport(): Transport {
  return compose(undiciTransport(), withRedirects());
}

/** All items of a listing. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A body as registries send their errors. */
export function errorBody(code: string, message = ""): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The client gave up: what came is what was seen.
  }
  return Buffer.concat(chunks);
}
