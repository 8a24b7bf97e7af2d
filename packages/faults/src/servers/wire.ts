import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

/** What a server said; status 0 where it ended the connection, or said nothing in time. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface WireRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Without a `Content-Length`. */
  readonly chunked?: boolean;
}

/** Longest silence of a server. */
const SILENCE_MS = 30_000;

/** Sends a request whose target goes out as it is written here, dots, escapes and all. */
export function send(
  url: string,
  method: string,
  target: string,
  { headers = {}, body = "", chunked = false }: WireRequest = {},
): Promise<Answer> {
  const { protocol, hostname, port } = new URL(url);
  const bytes = Buffer.from(body);
  const request = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const nothing = (): void => resolve({ status: 0, headers: {}, body: Buffer.alloc(0) });
    const outgoing = request({
      agent: false,
      hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      method,
      path: target,
      headers: { ...(chunked ? {} : { "Content-Length": bytes.length }), ...headers },
      timeout: SILENCE_MS,
    });
    outgoing.on("timeout", () => outgoing.destroy());
    // A server that has answered need not read the rest of what it refused.
    outgoing.on("error", nothing);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      const done = (): void =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        });
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", done);
      incoming.on("close", done);
    });
    outgoing.end(bytes);
  });
}

/** Sends bytes that are no request of any client, and gives what comes back until the end, or for a moment. */
export function sendRaw(url: string, bytes: string | Buffer, forMs = 2000): Promise<string> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const at = { host, port: Number(port === "" ? (protocol === "https:" ? 443 : 80) : port) };
  return new Promise((resolve) => {
    const socket = protocol === "https:" ? connectTls({ ...at, servername: host }) : connect(at);
    let text = "";
    const timer = setTimeout(() => socket.destroy(), forMs);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.write(bytes);
  });
}
