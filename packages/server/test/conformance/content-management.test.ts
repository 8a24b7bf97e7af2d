import { digestOf } from "@reg/content";
import { describe, expect, test } from "vitest";
import { bytesOf, pushImage } from "../support.ts";
import { describeForms } from "./forms.ts";

describeForms((send) => {
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
});
