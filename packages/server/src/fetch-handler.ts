import type { RegistryHandler, RegistryReply, RegistryRequest } from "./exchange.ts";
import { receivedBody } from "./refusal.ts";

/** The handler for those who speak WHATWG `fetch`: an adapter, for web streams cost too much to be the inner form. */
export function fetchHandler(handle: RegistryHandler): (request: Request) => Promise<Response> {
  return async (request) => {
    const reply = await handle(requestOf(request));
    return responseOf(reply, request.method);
  };
}

function requestOf(request: Request): RegistryRequest {
  const url = new URL(request.url);
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    origin: url.origin,
    header: (name) => request.headers.get(name) ?? undefined,
    body: bodyOf(request.body),
    signal: request.signal,
  };
}

async function* bodyOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, undefined> {
  if (body !== null) yield* receivedBody(body);
}

function responseOf(reply: RegistryReply, method: string): Response {
  const headers = new Headers();
  for (const [name, value] of reply.headers) headers.append(name, value);
  return new Response(streamOf(reply, method), { status: reply.status, headers });
}

function streamOf(
  { body, status }: RegistryReply,
  method: string,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
  if (body === undefined || method === "HEAD" || status === 204 || status === 304) return null;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        // A copy, which slice() of a Buffer is not: the chunk is the storage's again once the next one is asked for.
        else controller.enqueue(new Uint8Array(next.value));
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
