import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FaultCase, judge } from "../case.ts";
import { content, descriptor, imageOf } from "../image.ts";
import { goodRegistry } from "../registry.ts";
import { type TarEntry, tar, tarNames } from "../tar.ts";
import { lastLine } from "./pulling.ts";

const FILE_TYPE = "application/vnd.example.file";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** Names that files are to get, chosen by somebody else. */
export const fileCases: readonly FaultCase[] = [
  ...(
    [
      ["climbs", "../escaped"],
      ["climbs-in-the-middle", "a/../../escaped"],
      ["is-absolute", "ABSOLUTE"],
      ["goes-through-a-link", "link/escaped"],
      ["holds-a-nul", "inside\u0000/../../escaped"],
      ["climbs-by-backslashes", "..\\escaped"],
      ["is-the-folder-itself", "."],
      ["is-empty", ""],
      ["climbs-and-comes-back", "../case/out/../../escaped"],
    ] as const
  ).map(
    ([what, title]): FaultCase => ({
      id: `title-that-${what}`,
      area: "layout",
      fault: `An artifact's file is titled ${JSON.stringify(title)}`,
      expectation: "Write nothing outside the folder; refuse.",
      reason: "GHSA-8xwf-rjm4-xvhv",
      verbs: ["files"],
      async run(stage) {
        const file = content(FILE_TYPE, "escaped");
        const name = title === "ABSOLUTE" ? join(stage.folder, "absolute") : title;
        const artifact = imageOf(EMPTY_CONFIG, [file], (document) => {
          document["artifactType"] = "application/vnd.example";
          document["layers"] = [
            { ...descriptor(file), annotations: { "org.opencontainers.image.title": name } },
          ];
        });
        const registry = await stage.origin(goodRegistry(artifact));
        const folder = join(stage.folder, "out");
        const outside = join(stage.folder, "outside");
        mkdirSync(folder);
        mkdirSync(outside);
        symlinkSync(outside, join(folder, "link"));
        const before = [...readdirSync(stage.folder), ...readdirSync(dirname(stage.folder))].sort();
        const outcome = await stage.act({
          verb: "files",
          reference: `${registry.host}/demo/app:1.0`,
          folder,
        });
        const after = [...readdirSync(stage.folder), ...readdirSync(dirname(stage.folder))].sort();
        const escaped = after.filter((each) => !before.includes(each) && /escaped|absolute/.test(each));
        return judge(
          lastLine(outcome),
          [!outcome.timedOut, "hung"],
          [escaped.length === 0 && readdirSync(outside).length === 0, "wrote a file outside the folder"],
        );
      },
    }),
  ),
  {
    id: "title-of-two-files",
    area: "layout",
    fault: "Two files of an artifact have the same title",
    expectation: "Say so, or keep one whole; never mix them.",
    reason: "Concurrent writers of one name interleave",
    verbs: ["files"],
    async run(stage) {
      const files = ["a", "b"].map((letter) => content(FILE_TYPE, letter.repeat(300_000)));
      const artifact = imageOf(EMPTY_CONFIG, files, (document) => {
        document["layers"] = files.map((file) => ({
          ...descriptor(file),
          annotations: { "org.opencontainers.image.title": "same" },
        }));
      });
      const registry = await stage.origin(goodRegistry(artifact));
      const folder = join(stage.folder, "out");
      const outcome = await stage.act({ verb: "files", reference: `${registry.host}/demo/app:1.0`, folder });
      const file = join(folder, "same");
      const found = existsSync(file) ? readFileSync(file) : undefined;
      const whole = files.some(({ bytes }) => found?.equals(bytes) === true);
      return judge(
        lastLine(outcome),
        [found === undefined || whole, "the file is neither of the two"],
        [outcome.exitCode !== 0 || whole, "reported success without the file"],
      );
    },
  },
  exportCase("climbs", [{ name: "../escaped", body: "x" }]),
  exportCase("is-absolute", [{ name: "/etc/escaped", body: "x" }]),
  exportCase("climbs-through-a-link", [
    { name: "link", type: "2", target: "../.." },
    { name: "link/escaped", body: "x" },
  ]),
  exportCase("links-hard-to-a-file-outside", [{ name: "inside", type: "1", target: "../../etc/passwd" }]),
  exportCase("climbs-in-the-middle", [{ name: "a/b/../../../escaped", body: "x" }]),
];

const EMPTY_CONFIG = content("application/vnd.oci.empty.v1+json", "{}");
const CONFIG = content(
  "application/vnd.oci.image.config.v1+json",
  '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
);

/** A flattened file system must not do to whoever unpacks it what the layer tried. */
function exportCase(what: string, entries: readonly TarEntry[]): FaultCase {
  return {
    id: `layer-entry-that-${what}`,
    area: "layout",
    fault: `An entry of a layer ${what.replaceAll("-", " ")}`,
    expectation: "Refuse it, or write a tar in which no name leaves the root.",
    reason: "GHSA-m37j-52j7-pjw7, CVE-2021-21272",
    verbs: ["export"],
    async run(stage) {
      const hostile = imageOf(CONFIG, [content(LAYER_TYPE, tar([{ name: "ok", body: "ok" }, ...entries]))]);
      const registry = await stage.origin(goodRegistry(hostile));
      const file = join(stage.folder, "out.tar");
      const outcome = await stage.act({ verb: "export", reference: `${registry.host}/demo/app:1.0`, file });
      const names = existsSync(file) ? tarNames(readFileSync(file)) : [];
      const links = new Set(names.filter(({ type }) => type === "2").map(({ name }) => `${name}/`));
      const leaving = names.find(
        ({ name, type, target }) =>
          leaves(name) ||
          (type === "1" && leaves(target)) ||
          [...links].some((link) => name.startsWith(link)),
      );
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [outcome.exitCode !== 0 || leaving === undefined, `wrote an entry named ${leaving?.name}`],
      );
    },
  };
}

function leaves(name: string): boolean {
  return name.startsWith("/") || name.split("/").includes("..");
}
