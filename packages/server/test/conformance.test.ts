import { digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRegistry, folderStorage, memoryStorage, serve } from "../src/index.ts";
import {
  bytesOf,
  codeOf,
  inProcess,
  locationOf,
  noise,
  overHttp,
  pushBlob,
  pushDocument,
  pushImage,
  type Send,
  startUpload,
  temporaryFolder,
} from "./support.ts";

/** The checks of the OCI conformance suites, 1.1.1 and the one on main, in our own words. */
describe.each(["memory, in process", "memory, over http", "folder, in process", "folder, over http"])(
  "%s",
  (form) => {
    const stack = new AsyncDisposableStack();
    let send: Send;

    beforeAll(async () => {
      const storage = form.startsWith("memory")
        ? memoryStorage()
        : folderStorage(stack.use(await temporaryFolder()).path);
      if (form.endsWith("in process")) {
        const { registry, send: direct } = inProcess({ storage });
        stack.use(registry);
        send = direct;
      } else {
        send = overHttp(stack.use(await serve(createRegistry({ storage }))).url);
      }
    });
    afterAll(() => stack.disposeAsync());

    describe("pull", () => {
      test("the ping says that the API is there", async () => {
        expect((await send("/v2/")).status).toBe(200);
      });

      test("what is missing is 404, for GET and HEAD", async () => {
        for (const method of ["GET", "HEAD"]) {
          expect((await send(`/v2/pull/none/manifests/latest`, { method })).status).toBe(404);
          expect((await send(`/v2/pull/none/manifests/${digestOf(bytesOf("x"))}`, { method })).status).toBe(
            404,
          );
          expect((await send(`/v2/pull/none/blobs/${digestOf(bytesOf("x"))}`, { method })).status).toBe(404);
        }
      });

      test("a digest that is none is 400 with a known code", async () => {
        const response = await send("/v2/pull/none/manifests/sha256:totallywrong");
        expect(response.status).toBe(400);
        expect(await codeOf(response)).toBe("DIGEST_INVALID");
      });

      test("a manifest comes back byte for byte, by tag and by digest, with its type, length and digest", async () => {
        const pushed = await pushImage(send, "pull/image", "1.0", "hello", {
          "x-unknown": { kept: [1, 2, 3] },
          annotations: { "org.example.a": "b" },
        });
        for (const reference of ["1.0", pushed.digest]) {
          const got = await send(`/v2/pull/image/manifests/${reference}`);
          expect(got.status).toBe(200);
          expect(new Uint8Array(await got.arrayBuffer())).toEqual(pushed.bytes);
          const head = await send(`/v2/pull/image/manifests/${reference}`, { method: "HEAD" });
          for (const response of [got, head]) {
            expect(response.headers.get("content-type")).toBe(MEDIA_TYPES.ociManifest);
            expect(response.headers.get("content-length")).toBe(String(pushed.size));
            expect(response.headers.get("docker-content-digest")).toBe(pushed.digest);
          }
        }
      });

      test("an answer that is known already is 304", async () => {
        const pushed = await pushImage(send, "pull/etag", "1.0", "etag");
        const headers = { "if-none-match": `"${pushed.digest}"` };
        expect((await send("/v2/pull/etag/manifests/1.0", { headers })).status).toBe(304);
      });

      test.each([
        ["bytes=500-1499", 206, 500, 1500],
        ["bytes=500-", 206, 500, 4000],
        ["bytes=-500", 206, 3500, 4000],
        ["bytes=2000-5000", 206, 2000, 4000],
        ["bytes=0-0", 206, 0, 1],
      ])("a blob is sent in part for %s", async (range, status, start, end) => {
        const blob = noise(4000);
        const digest = await pushBlob(send, "pull/ranges", blob);
        const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
        expect(response.status).toBe(status);
        expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/4000`);
        expect(response.headers.get("content-length")).toBe(String(end - start));
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(blob.subarray(start, end));
      });

      test.each(["bytes=500-0", "bytes=5000-10000", "bytes=4000-", "bytes=-0"])(
        "%s cannot be satisfied",
        async (range) => {
          const digest = await pushBlob(send, "pull/ranges", noise(4000));
          const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
          expect(response.status).toBe(416);
          expect(response.headers.get("content-range")).toBe("bytes */4000");
        },
      );

      test.each(["bytes=0-1,4-5", "lines=1-2", "bytes=x-y"])(
        "%s is answered with the whole",
        async (range) => {
          const digest = await pushBlob(send, "pull/ranges", noise(4000));
          const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
          expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 4000]);
        },
      );
    });

    describe.each(["sha256", "sha512"] as const)("push by %s", (algorithm) => {
      const repository = `push/${algorithm}`;
      const expectBlob = async (response: Response, blob: Uint8Array): Promise<void> => {
        expect(response.status).toBe(201);
        expect(locationOf(response)).toBe(`/v2/${repository}/blobs/${digestOf(blob, algorithm)}`);
        const got = await send(locationOf(response));
        expect(got.headers.get("docker-content-digest")).toBe(digestOf(blob, algorithm));
        expect(Buffer.compare(new Uint8Array(await got.arrayBuffer()), blob)).toBe(0);
      };

      test("a blob in one PUT", async () => {
        const blob = noise(300_000, 2);
        const location = await startUpload(send, repository);
        const url = `${location}?digest=${digestOf(blob, algorithm)}`;
        await expectBlob(await send(url, { method: "PUT", body: blob }), blob);
      });

      test("a blob in one POST", async () => {
        const blob = noise(5000, 3);
        const url = `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob, algorithm)}`;
        await expectBlob(await send(url, { method: "POST", body: blob }), blob);
      });

      test("a blob streamed without a length, then an empty PUT", async () => {
        const blob = noise(2_000_001, 4);
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            for (let i = 0; i < blob.length; i += 99_991) controller.enqueue(blob.subarray(i, i + 99_991));
            controller.close();
          },
        });
        const patched = await send(await startUpload(send, repository), {
          method: "PATCH",
          body,
          duplex: "half",
        } as RequestInit); // `duplex` is not in the types
        expect(patched.status).toBe(202);
        expect(patched.headers.get("range")).toBe("0-2000000");
        const url = `${locationOf(patched)}?digest=${digestOf(blob, algorithm)}`;
        await expectBlob(await send(url, { method: "PUT" }), blob);
      });

      test("a blob in three chunks, the last one in the PUT; what is out of order is 416", async () => {
        const blob = noise(3072, 5);
        const chunk = (location: string, start: number, end: number, method = "PATCH"): Promise<Response> =>
          send(location, {
            method,
            headers: { "content-range": `${start}-${end - 1}`, "content-type": "application/octet-stream" },
            body: blob.slice(start, end),
          });
        const first = await startUpload(send, repository);
        const digest = digestOf(blob, algorithm);
        expect((await chunk(first, 1024, 2048)).status).toBe(416);
        expect((await chunk(`${first}?digest=${digest}`, 1024, 2048, "PUT")).status).toBe(416);
        const untouched = await send(first);
        expect(untouched.status).toBe(204);
        expect(untouched.headers.get("range")).toMatch(/^0-\d+$/);

        const one = await chunk(first, 0, 1024);
        expect([one.status, one.headers.get("range")]).toEqual([202, "0-1023"]);
        const again = await chunk(first, 0, 1024);
        expect([again.status, again.headers.get("range")]).toEqual([416, "0-1023"]);
        const status = await send(locationOf(one));
        expect([status.status, status.headers.get("range")]).toEqual([204, "0-1023"]);
        expect(status.headers.get("location")).not.toBeNull();
        const two = await chunk(locationOf(status), 1024, 2048);
        expect([two.status, two.headers.get("range")]).toEqual([202, "0-2047"]);
        await expectBlob(await chunk(`${locationOf(two)}?digest=${digest}`, 2048, 3072, "PUT"), blob);
      });

      test("an empty blob", async () => {
        const blob = new Uint8Array(0);
        const url = `${await startUpload(send, repository)}?digest=${digestOf(blob, algorithm)}`;
        await expectBlob(await send(url, { method: "PUT" }), blob);
      });

      test("a digest that the bytes have not got is 400, and the upload is over", async () => {
        const location = await startUpload(send, repository);
        const wrong = digestOf(bytesOf("other"), algorithm);
        const response = await send(`${location}?digest=${wrong}`, { method: "PUT", body: bytesOf("bytes") });
        expect([response.status, await codeOf(response)]).toEqual([400, "DIGEST_INVALID"]);
        expect((await send(`/v2/${repository}/blobs/${wrong}`, { method: "HEAD" })).status).toBe(404);
        expect((await send(location)).status).toBe(404);
      });

      test("an upload can be cancelled", async () => {
        const location = await startUpload(send, repository);
        expect((await send(location, { method: "PATCH", body: noise(10) })).status).toBe(202);
        expect((await send(location, { method: "DELETE" })).status).toBe(204);
        const gone = await send(location);
        expect([gone.status, await codeOf(gone)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
      });

      test("a manifest by digest", async () => {
        const document = {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [],
          annotations: { algorithm },
        };
        const bytes = new Uint8Array(encodeJson(document));
        const digest = digestOf(bytes, algorithm);
        const url = `/v2/${repository}/manifests/${digest}`;
        const headers = { "content-type": MEDIA_TYPES.ociIndex };
        const response = await send(url, { method: "PUT", headers, body: bytes });
        expect([response.status, response.headers.get("docker-content-digest")]).toEqual([201, digest]);
        expect(new Uint8Array(await (await send(locationOf(response))).arrayBuffer())).toEqual(bytes);
      });
    });

    describe("push", () => {
      test("a blob of another repository is mounted; one nobody has begins an upload", async () => {
        const blob = noise(2000, 6);
        const digest = await pushBlob(send, "push/origin", blob);
        const mount = (from: string): Promise<Response> =>
          send(`/v2/push/target/blobs/uploads/?mount=${digest}${from}`, { method: "POST" });
        const mounted = await mount("&from=push/origin");
        expect([mounted.status, locationOf(mounted)]).toEqual([201, `/v2/push/target/blobs/${digest}`]);
        expect((await (await send(locationOf(mounted))).arrayBuffer()).byteLength).toBe(2000);

        const missing = digestOf(bytesOf("nobody has this"));
        for (const from of ["&from=push/origin", "&from=push/nowhere", "&from=../..", ""]) {
          const response = await send(`/v2/push/target/blobs/uploads/?mount=${missing}${from}`, {
            method: "POST",
          });
          expect(response.status).toBe(202);
          expect((await send(locationOf(response), { method: "DELETE" })).status).toBe(204);
        }
      });

      test("a mount without a source finds one", async () => {
        const digest = await pushBlob(send, "push/somewhere", noise(2000, 7));
        const response = await send(`/v2/push/anywhere/blobs/uploads/?mount=${digest}`, { method: "POST" });
        expect(response.status).toBe(201);
      });

      test("four tags of one manifest, one by one", async () => {
        for (const tag of ["one", "two", "three", "four"]) {
          const { response, digest } = await pushImage(send, "push/tags", tag, "tags");
          expect(locationOf(response)).toBe(`/v2/push/tags/manifests/${digest}`);
        }
        const tags: unknown = await (await send("/v2/push/tags/tags/list")).json();
        expect(tags).toEqual({ name: "push/tags", tags: ["four", "one", "three", "two"] });
      });

      test("several tags in one PUT by digest come back in OCI-Tag", async () => {
        const bytes = new Uint8Array(
          encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }),
        );
        const digest = digestOf(bytes, "sha512");
        const response = await send(`/v2/push/multi/manifests/${digest}?tag=a&tag=b`, {
          method: "PUT",
          headers: { "content-type": MEDIA_TYPES.ociIndex },
          body: bytes,
        });
        expect(response.status).toBe(201);
        expect(response.headers.get("oci-tag")).toBe("a, b");
        for (const tag of ["a", "b"]) {
          const head = await send(`/v2/push/multi/manifests/${tag}`, { method: "HEAD" });
          expect(head.headers.get("docker-content-digest")).toBe(digest);
        }
      });

      test("an image without layers", async () => {
        expect((await pushImage(send, "push/empty", "1", "none", { layers: [] })).response.status).toBe(201);
      });

      test("an index, nested and sparse", async () => {
        const image = await pushImage(send, "push/index", undefined, "child");
        const child = { mediaType: image.mediaType, digest: image.digest, size: image.size };
        const absent = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytesOf("absent")), size: 6 };
        const inner = await pushDocument(send, "push/index", undefined, {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [child, absent],
        });
        const outer = await pushDocument(send, "push/index", "nested", {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [{ mediaType: inner.mediaType, digest: inner.digest, size: inner.size }],
        });
        expect([inner.response.status, outer.response.status]).toEqual([201, 201]);
        expect((await send(`/v2/push/index/manifests/${absent.digest}`)).status).toBe(404);
      });

      test("a manifest of nearly 4 MiB is taken, one past it is 413", async () => {
        const big = {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [],
          annotations: { a: "x".repeat(3_900_000) },
        };
        expect((await pushDocument(send, "push/big", "ok", big)).response.status).toBe(201);
        const bigger = { ...big, annotations: { a: "x".repeat(4 * 1024 * 1024) } };
        const { response } = await pushDocument(send, "push/big", "no", bigger);
        expect([response.status, await codeOf(response)]).toEqual([413, "SIZE_INVALID"]);
      });

      test("a manifest whose blobs are missing is refused with each of them, but not for layers that stay elsewhere", async () => {
        const config = {
          mediaType: MEDIA_TYPES.ociEmpty,
          digest: await pushBlob(send, "push/missing", bytesOf("{}")),
          size: 2,
        };
        const absent = { digest: digestOf(bytesOf("absent")), size: 6 };
        const of = (mediaType: string): Readonly<Record<string, unknown>> => ({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          artifactType: "application/x",
          config,
          layers: [{ mediaType, ...absent }],
        });
        const refused = await pushDocument(send, "push/missing", "1", of(MEDIA_TYPES.ociLayer));
        expect(refused.response.status).toBe(400);
        expect(await refused.response.json()).toMatchObject({
          errors: [{ code: "MANIFEST_BLOB_UNKNOWN", detail: [{ digest: absent.digest }] }],
        });
        const taken = await pushDocument(send, "push/missing", "1", of(MEDIA_TYPES.ociForeignLayer));
        expect(taken.response.status).toBe(201);
      });

      test.each([
        [
          "a digest it has not got",
          digestOf(bytesOf("x")),
          MEDIA_TYPES.ociIndex,
          '{"schemaVersion":2,"manifests":[]}',
          "DIGEST_INVALID",
        ],
        [
          "a type other than its own",
          "t",
          MEDIA_TYPES.ociManifest,
          `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`,
          "MANIFEST_INVALID",
        ],
        [
          "two readings",
          "t",
          MEDIA_TYPES.ociIndex,
          '{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}',
          "MANIFEST_INVALID",
        ],
        ["no JSON", "t", MEDIA_TYPES.ociIndex, "{", "MANIFEST_INVALID"],
        [
          "Docker's first format",
          "t",
          MEDIA_TYPES.dockerSchema1,
          '{"schemaVersion":1,"fsLayers":[]}',
          "MANIFEST_INVALID",
        ],
        [
          "a tag that is none",
          "-t",
          MEDIA_TYPES.ociIndex,
          '{"schemaVersion":2,"manifests":[]}',
          "TAG_INVALID",
        ],
      ])("a manifest with %s is refused", async (_what, reference, mediaType, body, code) => {
        const headers = { "content-type": mediaType };
        const response = await send(`/v2/push/bad/manifests/${reference}`, { method: "PUT", headers, body });
        expect([response.status, await codeOf(response)]).toEqual([400, code]);
      });
    });

    describe("content discovery", () => {
      test("tags come in order, in pages, from anywhere", async () => {
        const { digest } = await pushImage(send, "list/tags", "b", "tags");
        const { bytes, mediaType } = await pushImage(send, "list/tags", "a", "tags");
        const url = `/v2/list/tags/manifests/${digest}?tag=d&tag=c&tag=B`;
        await send(url, { method: "PUT", headers: { "content-type": mediaType }, body: bytes });
        const list = async (query: string): Promise<[string[], string | null]> => {
          const response = await send(`/v2/list/tags/tags/list${query}`);
          const { tags } = (await response.json()) as { tags: string[] }; // our own answer
          return [tags, response.headers.get("link")];
        };
        expect(await list("")).toEqual([["B", "a", "b", "c", "d"], null]);
        expect(await list("?n=2")).toEqual([["B", "a"], '</v2/list/tags/tags/list?n=2&last=a>; rel="next"']);
        expect(await list("?n=2&last=a")).toEqual([
          ["b", "c"],
          '</v2/list/tags/tags/list?n=2&last=c>; rel="next"',
        ]);
        expect(await list("?n=2&last=c")).toEqual([["d"], null]);
        expect(await list("?last=bb")).toEqual([["c", "d"], null]);
        expect(await list("?n=0")).toEqual([[], null]);
        expect(await list("?n=1000000000")).toEqual([["B", "a", "b", "c", "d"], null]);
        expect((await send("/v2/list/tags/tags/list?n=-1")).status).toBe(400);
        expect((await send("/v2/list/none/tags/list")).status).toBe(404);
      });

      test("referrers are an index, empty for a digest nobody knows, 400 for none", async () => {
        const response = await send(`/v2/list/none/referrers/${digestOf(bytesOf("unknown"))}`);
        expect([response.status, response.headers.get("content-type")]).toEqual([200, MEDIA_TYPES.ociIndex]);
        expect(await response.json()).toEqual({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [],
        });
        expect((await send("/v2/list/none/referrers/sha256:wrong")).status).toBe(400);
      });

      test("what refers to a manifest is listed, before and after that is there, with types and annotations", async () => {
        const repository = "list/referrers";
        const text = "subject";
        // Pushed elsewhere first, to know its digest.
        const { mediaType, digest, size } = await pushImage(send, "list/elsewhere", undefined, text);
        const subject = { mediaType, digest, size };
        const empty = {
          mediaType: MEDIA_TYPES.ociEmpty,
          digest: await pushBlob(send, repository, bytesOf("{}")),
          size: 2,
        };
        const refer = async (kind: string, more: Readonly<Record<string, unknown>>): Promise<string> => {
          const { response, digest: own } = await pushDocument(send, repository, undefined, {
            schemaVersion: 2,
            mediaType: MEDIA_TYPES.ociManifest,
            layers: [empty],
            config: empty,
            subject,
            annotations: { kind },
            ...more,
          });
          expect([response.status, response.headers.get("oci-subject")]).toEqual([201, digest]);
          return own;
        };
        const a1 = await refer("a1", { artifactType: "application/a" });
        const b = await refer("b", { artifactType: "application/b" });
        await pushImage(send, repository, "subject", text);
        const a2 = await refer("a2", { artifactType: "application/a" });
        const byConfig = await refer("config", { config: { ...empty, mediaType: "application/config" } });
        const index = await pushDocument(send, repository, undefined, {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [],
          subject,
          annotations: { kind: "index" },
        });

        const list = async (
          query: string,
        ): Promise<{ digests: string[]; applied: string | null; manifests: Record<string, unknown>[] }> => {
          const response = await send(`/v2/${repository}/referrers/${digest}${query}`);
          const { manifests } = (await response.json()) as { manifests: { digest: string }[] }; // our own answer
          return {
            digests: manifests.map((entry) => entry.digest),
            applied: response.headers.get("oci-filters-applied"),
            manifests,
          };
        };
        const all = await list("");
        expect(all.digests.toSorted()).toEqual([a1, b, a2, byConfig, index.digest].toSorted());
        expect(all.applied).toBeNull();
        const entryOf = (of: string): unknown => all.manifests.find((entry) => entry["digest"] === of);
        expect(entryOf(a1)).toMatchObject({
          mediaType: MEDIA_TYPES.ociManifest,
          artifactType: "application/a",
          annotations: { kind: "a1" },
        });
        expect(entryOf(byConfig)).toMatchObject({ artifactType: "application/config" });
        expect(entryOf(index.digest)).not.toHaveProperty("artifactType");

        const filtered = await list("?artifactType=application/a");
        expect([filtered.digests.toSorted(), filtered.applied]).toEqual([
          [a1, a2].toSorted(),
          "artifactType",
        ]);
        expect(await list("?artifactType=application/none")).toMatchObject({
          digests: [],
          applied: "artifactType",
        });

        const paged: string[] = [];
        let path: string | undefined = `/v2/${repository}/referrers/${digest}?n=2`;
        for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
          const response: Response = await send(path);
          const { manifests } = (await response.json()) as { manifests: { digest: string }[] }; // our own answer
          paged.push(...manifests.map((entry) => entry.digest));
          path = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1];
        }
        expect(paged).toEqual(all.digests);
      });

      test("the catalog lists repositories in pages", async () => {
        await pushImage(send, "catalog/a", "1", "a");
        await pushImage(send, "catalog/b", "1", "b");
        const response = await send("/v2/_catalog?n=2&last=catalog");
        expect(await response.json()).toEqual({ repositories: ["catalog/a", "catalog/b"] });
      });
    });

    describe("content management", () => {
      test("a tag goes alone, a manifest takes its tags along, a blob goes by digest", async () => {
        const repository = "delete/all";
        const image = await pushImage(send, repository, "keep", "delete");
        await pushImage(send, repository, "drop", "delete");
        const remove = async (path: string): Promise<number> =>
          (await send(`/v2/${repository}/${path}`, { method: "DELETE" })).status;
        const tags = async (): Promise<unknown> =>
          ((await (await send(`/v2/${repository}/tags/list`)).json()) as { tags: unknown }).tags; // our own answer

        expect(await remove("manifests/drop")).toBe(202);
        expect(await remove("manifests/drop")).toBe(404);
        expect(await tags()).toEqual(["keep"]);
        expect((await send(`/v2/${repository}/manifests/${image.digest}`, { method: "HEAD" })).status).toBe(
          200,
        );
        expect(await remove(`manifests/${image.digest}`)).toBe(202);
        expect(await remove(`manifests/${image.digest}`)).toBe(404);
        expect(await tags()).toEqual([]);
        for (const reference of ["keep", image.digest]) {
          expect((await send(`/v2/${repository}/manifests/${reference}`)).status).toBe(404);
        }
        const layer = digestOf(bytesOf("layer: delete"));
        expect(await remove(`blobs/${layer}`)).toBe(202);
        expect(await remove(`blobs/${layer}`)).toBe(404);
        expect((await send(`/v2/${repository}/blobs/${layer}`, { method: "HEAD" })).status).toBe(404);
      });

      test("a manifest that lost its last tag is still there by digest", async () => {
        const old = await pushImage(send, "delete/moved", "latest", "old");
        await pushImage(send, "delete/moved", "latest", "new");
        expect((await send(`/v2/delete/moved/manifests/${old.digest}`)).status).toBe(200);
      });

      test("what the path cannot do is 405 and says what it can", async () => {
        const response = await send("/v2/delete/all/tags/list", { method: "DELETE" });
        expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      });
    });
  },
);
