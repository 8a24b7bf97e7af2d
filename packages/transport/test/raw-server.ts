import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** What a scripted server does with the n-th connection, from 0. */
export type Script = (connection: Connection, index: number) => Promise<void> | void;

/** One connection as a script sees it. */
export class Connection {
  readonly socket: Socket;
  #buffered = "";
  #waiting: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      this.#buffered += chunk.toString("latin1");
      this.#waiting?.();
    });
    socket.on("close", () => this.#waiting?.());
  }

  /** The head of the next request, with its blank line. */
  async request(): Promise<string> {
    return this.#until(() => {
      const end = this.#buffered.indexOf("\r\n\r\n");
      return end === -1 ? -1 : end + 4;
    });
  }

  /** So many bytes of a request's body. */
  async body(size: number): Promise<string> {
    return this.#until(() => (this.#buffered.length >= size ? size : -1));
  }

  send(...lines: string[]): void {
    this.socket.write(lines.join("\r\n"), "latin1");
  }

  end(...lines: string[]): void {
    this.socket.end(lines.join("\r\n"), "latin1");
  }

  /** Ends by RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async #until(size: () => number): Promise<string> {
    for (;;) {
      const end = size();
      if (end !== -1) {
        const taken = this.#buffered.slice(0, end);
        this.#buffered = this.#buffered.slice(end);
        return taken;
      }
      if (this.socket.destroyed) throw new Error("The client has gone");
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }
}

/** A TCP server on loopback that follows a script, and what it saw. */
export class RawServer implements AsyncDisposable {
  readonly requests: string[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(script: Script, hostname = "127.0.0.1"): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const raw = new RawServer(server);
    server.on("connection", (socket) => {
      raw.#sockets.add(socket);
      socket.on("close", () => raw.#sockets.delete(socket));
      const index = raw.connections++;
      const connection = new Connection(socket);
      const ask = connection.request.bind(connection);
      connection.request = async () => {
        const head = await ask();
        raw.requests.push(head);
        return head;
      };
      Promise.resolve(script(connection, index)).catch(() => socket.destroy());
    });
    server.listen(0, hostname);
    await once(server, "listening");
    return raw;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    return address.port;
  }

  url(path = "/v2/"): URL {
    return new URL(`http://127.0.0.1:${this.port}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Sends an answer of one piece for each request on each connection. */
export function answering(...answers: (readonly string[])[]): Script {
  let next = 0;
  return async (connection) => {
    for (;;) {
      await connection.request();
      const answer = answers[Math.min(next++, answers.length - 1)];
      if (answer !== undefined) connection.send(...answer);
    }
  };
}
