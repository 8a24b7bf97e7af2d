import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type FaultCase, judge } from "../case.ts";
import { content, imageOf } from "../image.ts";
import { goodRegistry } from "../registry.ts";
import { type TarEntry, tar, tarHeader } from "../tar.ts";
import { lastLine } from "./pulling.ts";

const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = content(
  "application/vnd.oci.image.config.v1+json",
  '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
);
/** What a layer with a link to it would have somebody write to or read. */
const VICTIM = "victim";
const PIECE_BYTES = 16 * 1024 * 1024;
const BOMB_PIECES = 256;

/** Layers that do harm when they are opened. */
export const unpackingCases: readonly FaultCase[] = [
  unpackCase("climbs", [{ name: "../escaped", body: "x" }]),
  unpackCase("is-absolute", [{ name: "/tmp/reg-faults-escaped", body: "x" }]),
  unpackCase("climbs-through-a-link", [
    { name: "link", type: "2", target: ".." },
    { name: "link/escaped", body: "x" },
  ]),
  unpackCase("climbs-through-a-chain-of-links", [
    { name: "a", type: "2", target: "." },
    { name: "a/b", type: "2", target: "../.." },
    { name: "b/escaped", body: "x" },
  ]),
  unpackCase("overwrites-through-a-link", [
    { name: "link", type: "2", target: `../${VICTIM}` },
    { name: "link", body: "overwritten" },
  ]),
  unpackCase("links-hard-to-a-file-outside", [
    { name: "inside", type: "1", target: `../${VICTIM}` },
    { name: "inside", body: "overwritten" },
  ]),
  unpackCase("links-hard-through-a-link", [
    { name: "link", type: "2", target: ".." },
    { name: "inside", type: "1", target: `link/${VICTIM}` },
    { name: "inside", body: "overwritten" },
  ]),
  unpackCase("is-a-character-device", [{ name: "device", type: "3" }]),
  unpackCase("is-a-block-device", [{ name: "device", type: "4" }]),
  unpackCase("is-a-pipe", [{ name: "pipe", type: "6" }]),
  unpackCase("is-setuid", [{ name: "su", body: "x", mode: 0o4755 }]),
  unpackCase("is-setgid-and-sticky", [
    { name: "folder", type: "5", mode: 0o3777 },
    { name: "folder/sg", body: "x", mode: 0o2755 },
  ]),
  bombCase("gzip", (bytes) => gzipSync(bytes, { level: 9 })),
  bombCase("zstd", (bytes) => zstdCompressSync(bytes)),
];

function unpackCase(what: string, entries: readonly TarEntry[]): FaultCase {
  return {
    id: `unpacked-entry-that-${what}`,
    area: "layout",
    fault: `An image is unpacked into a folder; an entry of its layer ${what.replaceAll("-", " ")}`,
    expectation:
      "Touch nothing outside the folder, make no device, and keep no bits but mode & 0777; or refuse.",
    reason: "GHSA-m37j-52j7-pjw7, CVE-2021-21272",
    verbs: ["unpack"],
    async run(stage) {
      const hostile = imageOf(CONFIG, [content(LAYER_TYPE, tar([{ name: "ok", body: "ok" }, ...entries]))]);
      const registry = await stage.origin(goodRegistry(hostile));
      const victim = join(stage.folder, VICTIM);
      writeFileSync(victim, "precious");
      const folder = join(stage.folder, "out");
      mkdirSync(folder);
      const before = readdirSync(stage.folder).sort().join();
      const reference = `${registry.host}/demo/app:1.0`;
      const outcome = await stage.act({ verb: "unpack", reference, folder });
      const strange = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) => {
        const found = lstatSync(join(folder, name));
        const known = found.isFile() || found.isDirectory() || found.isSymbolicLink();
        return !known || (!found.isSymbolicLink() && (found.mode & 0o7000) !== 0);
      });
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [readFileSync(victim, "utf8") === "precious", "changed a file outside"],
        [statSync(victim).nlink === 1, "linked to a file outside"],
        [readdirSync(stage.folder).sort().join() === before, "made a file outside"],
        [!existsSync("/tmp/reg-faults-escaped"), "made a file at an absolute path"],
        [strange === undefined, `made ${strange ?? "a file"} with what only an administrator should give`],
      );
    },
  };
}

function bombCase(format: "gzip" | "zstd", pack: (bytes: Buffer) => Buffer): FaultCase {
  return {
    id: `layer-that-is-a-${format}-bomb`,
    area: "layout",
    fault: `A small layer in ${format} unpacks to one file of 4 GiB of zeros`,
    expectation: "Stop at a ratio or a size; the disk and the memory are not the registry's to fill.",
    reason: "CVE-2017-14992",
    verbs: ["export"],
    slow: true,
    async run(stage) {
      // Both formats may be written in pieces, one after the other.
      const zeros = pack(Buffer.alloc(PIECE_BYTES));
      const head = pack(tarHeader({ name: "zeros", size: BOMB_PIECES * PIECE_BYTES }));
      const bomb = content(
        `${LAYER_TYPE}+${format}`,
        Buffer.concat([head, ...Array<Buffer>(BOMB_PIECES).fill(zeros)]),
      );
      const registry = await stage.origin(goodRegistry(imageOf(CONFIG, [bomb])));
      const file = join(stage.folder, "out.tar");
      const outcome = await stage.act({ verb: "export", reference: `${registry.host}/demo/app:1.0`, file });
      const mebibytes = existsSync(file) ? Math.round(statSync(file).size / 1024 / 1024) : 0;
      const memory = Math.round((outcome.peakMemoryBytes ?? 0) / 1024 / 1024);
      return judge(
        lastLine(outcome),
        [!outcome.timedOut, "hung"],
        [mebibytes < 1024, `wrote ${mebibytes} MiB`],
        [memory < 512, `held ${memory} MiB`],
      );
    },
  };
}
