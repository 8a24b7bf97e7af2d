import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { RegistryClient } from "@reg/sdk";
import { describeImage } from "./describe-image.ts";
import { createMetrics } from "./metrics.ts";

/** More images than this in one request would keep others waiting. */
const MAX_IMAGES = 100;

/** The service, not listening yet. The client is the caller's, made once and used for months. */
export function createService(client: RegistryClient): Server {
  const metrics = createMetrics();
  let stopping = false;

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://service");
    if (url.pathname === "/images") void answer(request, response, url.searchParams.getAll("ref"));
    else if (url.pathname === "/healthz")
      send(response, stopping ? 503 : 200, { status: stopping ? "stopping" : "ok" });
    else if (url.pathname === "/metrics")
      response.setHeader("content-type", "text/plain").end(metrics.text());
    else send(response, 404, { error: "there is /images?ref=REPO:TAG, /healthz and /metrics" });
  });

  const close = server.close.bind(server);
  server.close = (done) => {
    // A balancer that asks sees it before connections are refused.
    stopping = true;
    return close(done);
  };
  return server;

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    refs: readonly string[],
  ): Promise<void> {
    if (refs.length === 0 || refs.length > MAX_IMAGES) {
      send(response, 400, { error: `ask for 1 to ${MAX_IMAGES} images: /images?ref=REPO:TAG&ref=REPO:TAG` });
      return;
    }
    // Who went away need not be answered: the requests to registries end with theirs.
    const gone = new AbortController();
    response.once("close", () => gone.abort(new Error("the caller went away")));
    request.resume();
    const images = await Promise.all(
      refs.map(async (ref) => {
        const stop = metrics.start();
        const image = await describeImage(client, ref, { signal: gone.signal });
        stop("error" in image ? image.error.code : "ok");
        return image;
      }),
    );
    send(response, 200, { images });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
