import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** What is known of one input: whether it is a reference, as `distribution/reference` has it. */
export interface Vector {
  readonly input: string;
  readonly ok: boolean;
}

/** References of one kind. */
export interface Mix {
  readonly name: string;
  readonly texts: readonly string[];
}

/** More than a processor can learn the turns of: a few dozen in a loop are guessed right, as no new one is. */
const DISTINCT = 2_000;

const NAMES =
  "alpine ubuntu debian node python golang redis postgres nginx httpd bitnami/kafka bitnami/zookeeper " +
  "grafana/grafana grafana/loki prom/prometheus prom/node-exporter istio/proxyv2 hashicorp/vault " +
  "eclipse-temurin linuxserver/swag ghcr.io/owner/app ghcr.io/fluxcd/source-controller quay.io/argoproj/argocd " +
  "quay.io/prometheus/node-exporter gcr.io/distroless/static registry.k8s.io/kube-state-metrics/kube-state-metrics " +
  "registry.k8s.io/pause mcr.microsoft.com/dotnet/runtime docker.io/library/maven public.ecr.aws/docker/library/ruby " +
  "localhost:5000/app registry.example.com:8443/team/project/user_service";

const TAGS = "# 3.# 1.#.2 v0.#.1 latest #-alpine 24.04-# 2024-11-# 8.#-jdk-bookworm main-#";

/** The vectors for verdicts, all of them. */
export const vectors = JSON.parse(
  readFileSync(new URL("../vectors/reference.json", import.meta.url), "utf8"),
) as readonly Vector[]; // the file is ours, and holds nothing else

/** What speed is measured on. */
export const mixes: readonly Mix[] = [
  {
    name: "vectors",
    texts: vectors.filter(({ input, ok }) => ok && input.length < 200).map(({ input }) => input),
  },
  { name: "names and tags", texts: cut(write((name, tag) => `${name}:${tag}`)) },
  {
    name: "with digest",
    texts: cut(write((name, tag, digest) => `${digest < "8" ? `${name}:${tag}` : name}@sha256:${digest}`)),
  },
];

function write(compose: (name: string, tag: string, digest: string) => string): string[] {
  const names = NAMES.split(" ");
  const tags = TAGS.split(" ");
  return Array.from({ length: DISTINCT }, (_, index) => {
    const digest = createHash("sha256").update(String(index)).digest();
    const name = names[digest.readUInt16LE(0) % names.length] ?? "";
    const tag = tags[digest.readUInt16LE(2) % tags.length] ?? "";
    return compose(name, tag.replace("#", String(index % 100)), digest.toString("hex"));
  });
}

/** Pieces of one text, which is how a file's reader has them: neither constants nor hashed before. */
function cut(texts: readonly string[]): string[] {
  const file = texts.map((text) => `FROM ${text}\n`).join("");
  let at = 0;
  return texts.map((text) => {
    const start = file.indexOf(text, at);
    at = start + text.length;
    return file.slice(start, at);
  });
}
