import { digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";
import { describe, expect, test } from "vitest";
import { bytesOf, codeOf, locationOf, noise, startUpload } from "../support.ts";
import { describeForms } from "./forms.ts";

describeForms((send) => {
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
});
