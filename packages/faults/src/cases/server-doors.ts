import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { judge } from "../case.ts";
import { content } from "../image.ts";
import {
  basic,
  beginUpload,
  commitPath,
  putBlob,
  putImage,
  putManifest,
  smallManifest,
} from "../servers/calls.ts";
import type { ServerCase, Target } from "../servers/server-case.ts";
import type { Answer } from "../servers/wire.ts";

const secret = content("application/octet-stream", "of alice alone");
const alice = { username: "alice", password: "a", owns: "alice" };
const bob = { username: "bob", password: "b", owns: "bob" };

/** Who gets in, and what is inside. */
export const doorCases: readonly ServerCase[] = [
  ...(
    [
      ["of-a-stranger", "evil.example"],
      ["that-begins-like-loopback", "127.0.0.1.evil.example"],
      ["that-ends-like-loopback", "evil-localhost"],
      ["with-a-path", "localhost/evil"],
    ] as const
  ).map(
    ([what, host]): ServerCase => ({
      id: `host-${what}`,
      area: "server",
      fault: `A page of another site reaches a registry on loopback by a name of its own: \`Host: ${host}\``,
      expectation: "Refuse it: 403, or another 4xx; answer to its own names.",
      reason: "CVE-2025-66414: DNS rebinding",
      features: ["loopback"],
      async run(stage) {
        const target = await stage.start();
        const own = await target.send("GET", "/v2/");
        const foreign = await target.send("GET", "/v2/", { headers: { Host: host } });
        return judge(
          `answered ${foreign.status}`,
          [own.status === 200 || own.status === 401, `its own name is answered ${own.status}`],
          [isRefused(foreign), `answered ${foreign.status}`],
        );
      },
    }),
  ),
  browserCase("puts-a-manifest", { Origin: "https://evil.example" }, (target, name, headers) =>
    putManifest(target, name, "evil", smallManifest({ by: "evil" }).bytes, { headers }),
  ),
  browserCase("starts-an-upload", { Origin: "https://evil.example" }, (target, name, headers) =>
    target.send("POST", `/v2/${name}/blobs/uploads/`, { headers }),
  ),
  browserCase("deletes-an-image", { Origin: "https://evil.example" }, (target, name, headers) =>
    target.send("DELETE", `/v2/${name}/manifests/${smallManifest().digest}`, { headers }),
  ),
  browserCase("starts-an-upload-from-a-file", { Origin: "null" }, (target, name, headers) =>
    target.send("POST", `/v2/${name}/blobs/uploads/`, { headers }),
  ),
  browserCase(
    "submits-a-form",
    { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" },
    (target, name, headers) => target.send("POST", `/v2/${name}/blobs/uploads/`, { headers }),
  ),
  {
    id: "browser-asks-whether-it-may",
    area: "server",
    fault:
      "A page of another site asks by OPTIONS whether it may PUT, and by GET with an Origin what there is",
    expectation:
      "Name no foreign origin in Access-Control-Allow-Origin: the page can neither write nor read.",
    reason: "Fetch, section 3.3: what the header allows, the browser does",
    async run(stage) {
      const target = await stage.start();
      const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "PUT" };
      const answers = [
        await target.send("OPTIONS", `/v2/${stage.name}/manifests/1.0`, { headers }),
        await target.send("GET", "/v2/_catalog", { headers }),
      ];
      const allowed = answers.map((answer) => answer.headers["access-control-allow-origin"]);
      return judge("no foreign origin is named", [
        allowed.every((origin) => origin === undefined),
        `allowed ${allowed.join(", ")}`,
      ]);
    },
  },
  ...(
    [
      ["repository-escaped", "GET", "/v2/%2e%2e/%2e%2e/outside/manifests/1.0"],
      ["repository", "GET", "/v2/demo/../../../outside/manifests/1.0"],
      ["repository-by-an-escaped-slash", "GET", "/v2/..%2f..%2f..%2foutside/tags/list"],
      ["tag", "PUT", "/v2/NAME/manifests/..%2f..%2f..%2foutside%2fescaped"],
      ["digest", "GET", "/v2/NAME/blobs/sha256:..%2f..%2f..%2f..%2f..%2f..%2foutside%2fsecret"],
      ["upload", "PATCH", "/v2/NAME/blobs/uploads/..%2f..%2f..%2f..%2foutside%2fescaped"],
      ["upload-escaped-twice", "PATCH", "/v2/NAME/blobs/uploads/..%252f..%252f..%252foutside%252fescaped"],
      ["upload-that-is-ended", "DELETE", "/v2/NAME/blobs/uploads/..%2f..%2f..%2f..%2foutside"],
      ["upload-by-backslashes", "PATCH", "/v2/NAME/blobs/uploads/..%5c..%5c..%5coutside"],
      ["mounted-repository", "POST", "/v2/NAME/blobs/uploads/?mount=DIGEST&from=../../outside"],
      ["nul", "PUT", "/v2/NAME/manifests/1.0%00escaped"],
    ] as const
  ).map(
    ([what, method, path]): ServerCase => ({
      id: `path-that-climbs-by-its-${what}`,
      area: "server",
      fault: `${method} ${path}`,
      expectation: "Answer 4xx (a mount: begin an upload); touch nothing outside the folder.",
      reason: "Names become paths; distribution-spec, the grammars of names, tags and digests",
      async run(stage) {
        const target = await stage.start();
        const canary = join(stage.outside, "secret");
        writeFileSync(canary, "precious");
        await putImage(target, stage.name);
        const before = filesAround(stage.outside);
        const asked = path.replaceAll("NAME", stage.name).replaceAll("DIGEST", secret.digest);
        const body = method === "GET" || method === "DELETE" ? "" : smallManifest().bytes;
        const type = { "Content-Type": "application/vnd.oci.image.manifest.v1+json" };
        const answer = await target.send(method, asked, { headers: type, body });
        const right = method === "POST" ? answer.status === 202 || isRefused(answer) : isRefused(answer);
        return judge(
          `answered ${answer.status}`,
          [!answer.body.includes("precious"), "served a file from outside"],
          [existsSync(canary) && readFileSync(canary, "utf8") === "precious", "changed a file outside"],
          [filesAround(stage.outside) === before, "made a file outside"],
          [right || isRedirect(answer), `answered ${answer.status}`],
        );
      },
    }),
  ),
  {
    id: "mount-of-what-one-may-not-read",
    area: "server",
    fault: "Bob mounts a blob from a repository that only Alice may read, by its name and without one",
    expectation: "Begin an upload as if the blob were not there: 202, and no bytes.",
    reason: "CVE-2024-39897",
    features: ["users"],
    async run(stage) {
      const target = await stage.start({ users: [alice, bob] });
      await putBlob(target, "alice/app", secret, basic(alice.username, alice.password));
      const headers = basic(bob.username, bob.password);
      const named = `/v2/bob/app/blobs/uploads/?mount=${secret.digest}&from=alice/app`;
      const answers = [
        await target.send("POST", named, { headers }),
        await target.send("POST", `/v2/bob/app/blobs/uploads/?mount=${secret.digest}`, { headers }),
      ];
      const wrong = answers.find(({ status }) => status !== 202);
      const read = await target.send("GET", `/v2/bob/app/blobs/${secret.digest}`, { headers });
      return judge(
        "202 to both, and 404 to the blob",
        [wrong === undefined, `answered ${wrong?.status}`],
        [read.status === 404, `the blob is answered ${read.status}`],
      );
    },
  },
  {
    id: "blob-of-another-repository",
    area: "server",
    fault:
      "Bob, who knows the digest, asks his own repository for a blob that only Alice's has, and asks hers",
    expectation: "404 from his, 403 (or 404) from hers.",
    reason: "A store that is shared must not make the right to read shared",
    features: ["users"],
    async run(stage) {
      const target = await stage.start({ users: [alice, bob] });
      await putBlob(target, "alice/app", secret, basic(alice.username, alice.password));
      const headers = basic(bob.username, bob.password);
      await putBlob(target, "bob/app", content("application/octet-stream", "of bob"), headers);
      const his = await target.send("GET", `/v2/bob/app/blobs/${secret.digest}`, { headers });
      const hers = await target.send("GET", `/v2/alice/app/blobs/${secret.digest}`, { headers });
      return judge(
        `${his.status} and ${hers.status}`,
        [his.status === 404, `his own repository answered ${his.status}`],
        [isRefused(hers), `hers answered ${hers.status}`],
      );
    },
  },
  {
    id: "upload-of-another-user",
    area: "server",
    fault: "Bob goes on with an upload that Alice began, by her session's name in a repository of his own",
    expectation: "Answer 4xx: a session belongs to its repository.",
    reason: "distribution-spec, Pushing a blob in chunks: the Location is of one repository",
    features: ["users"],
    async run(stage) {
      const target = await stage.start({ users: [alice, bob] });
      const session = await beginUpload(target, "alice/app", basic(alice.username, alice.password));
      const his = session.replace("/v2/alice/app/", "/v2/bob/app/");
      const headers = { ...basic(bob.username, bob.password), "Content-Type": "application/octet-stream" };
      const answer = await target.send("PUT", commitPath(his, secret.digest), {
        headers,
        body: secret.bytes,
      });
      return judge(`answered ${answer.status}`, [isRefused(answer), `answered ${answer.status}`]);
    },
  },
  ...(
    [
      ["with-two-lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"],
      ["with-a-length-and-a-transfer-encoding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
    ] as const
  ).map(
    ([what, fields]): ServerCase => ({
      id: `request-${what}`,
      area: "server",
      fault: `A request comes ${what.replaceAll("-", " ")}, and another is hidden behind it`,
      expectation: "Answer 400 and end the connection; never answer the hidden one.",
      reason: "RFC 9112, section 6.3: request smuggling",
      async run(stage) {
        const target = await stage.start();
        const host = new URL(target.url).host;
        const said = await target.sendRaw(
          `POST /v2/${stage.name}/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n` +
            `0\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
        );
        const answers: readonly string[] = said.match(/^HTTP\/1\.1 \d{3}/gm) ?? [];
        const hidden = answers.includes("HTTP/1.1 200");
        return judge(`${answers.join(", ") || "closed"}`, [!hidden, "answered the hidden request"]);
      },
    }),
  ),
  {
    id: "request-without-a-host",
    area: "server",
    fault: "A request of HTTP/1.1 names no host",
    expectation: "Answer 400.",
    reason: "RFC 9112, section 3.2: a server MUST respond with 400",
    async run(stage) {
      const target = await stage.start();
      const said = await target.sendRaw("GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n");
      const line = said.slice(0, Math.max(0, said.indexOf("\r\n")));
      return judge(line, [/^HTTP\/1\.1 4/.test(line), `answered ${line}`]);
    },
  },
];

/** A page can send what needs no leave; the server has to look where it comes from. */
function browserCase(
  what: string,
  headers: Readonly<Record<string, string>>,
  act: (target: Target, name: string, headers: Readonly<Record<string, string>>) => Promise<Answer>,
): ServerCase {
  const shown = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return {
    id: `browser-${what}`,
    area: "server",
    fault: `A page of another site ${what.replaceAll("-", " ")} by its visitor's browser (\`${shown.join("`, `")}\`)`,
    expectation: "Refuse it, and change nothing.",
    reason: "A browser reaches what the page's own server does not; Fetch, section 3.2, the Origin header",
    async run(stage) {
      const target = await stage.start();
      const image = await putImage(target, stage.name);
      const answer = await act(target, stage.name, headers);
      const [kept, made] = [
        await target.send("HEAD", `/v2/${stage.name}/manifests/${image.digest}`),
        await target.send("HEAD", `/v2/${stage.name}/manifests/evil`),
      ];
      return judge(
        `answered ${answer.status}`,
        [isRefused(answer), `answered ${answer.status}`],
        [kept.status === 200 && made.status === 404, "did it all the same"],
      );
    },
  };
}

export function isRefused({ status }: Answer): boolean {
  return status >= 400 && status < 500;
}

/** Some servers clean the path and send the client there; what matters is where that leads. */
function isRedirect({ status }: Answer): boolean {
  return status >= 300 && status < 400;
}

/** Names of everything beside the server's own folder. */
function filesAround(outside: string): string {
  const beside = readdirSync(dirname(outside)).sort();
  return [...beside, ...readdirSync(outside, { recursive: true, encoding: "utf8" }).sort()].join("\n");
}
