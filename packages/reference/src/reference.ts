import { type Digest, parseDigest } from "./digest.ts";
import { DOCKER_HUB, OFFICIAL_NAMESPACE, parseDomain, parsePath, parseTag } from "./parts.ts";

/** Parts to put in place of a reference's own; `undefined` takes a tag or a digest away. */
export interface ReferenceParts {
  readonly domain?: string;
  readonly path?: string;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
}

/** The name of a repository in a registry, and perhaps of one image in it. Immutable. */
export interface Reference {
  /** The registry as references name it, with its port: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** The repository within the registry: `library/ubuntu`. */
  readonly path: string;
  readonly tag?: string | undefined;
  /** Where there is one, it decides what is fetched, and the tag is for people. */
  readonly digest?: Digest | undefined;
  /** `domain/path`. */
  readonly name: string;
  /** The canonical form, with nothing left out: the one to store. */
  toString(): string;
  /**
   * The shortest form that Docker accepts: `ubuntu` for `docker.io/library/ubuntu`. For people: where a name of
   * Docker Hub looks like an identifier or begins like a host, it is read as something else.
   */
  familiar(): string;
  /**
   * Another reference, with these parts in place of its own.
   *
   * @throws InvalidReferenceError where a part is not well-formed; its `input` is that part.
   */
  with(parts: ReferenceParts): Reference;
}

/** A reference of parts that are known to be well-formed. */
export class ParsedReference implements Reference {
  declare readonly domain: string;
  declare readonly path: string;
  declare readonly tag: string | undefined;
  declare readonly digest: Digest | undefined;

  constructor(domain: string, path: string, tag: string | undefined, digest: Digest | undefined) {
    this.domain = domain;
    this.path = path;
    this.tag = tag;
    this.digest = digest;
  }

  get name(): string {
    return `${this.domain}/${this.path}`;
  }

  toString(): string {
    return this.name + suffix(this);
  }

  familiar(): string {
    return familiarName(this) + suffix(this);
  }

  with(parts: ReferenceParts): Reference {
    const { domain, path, tag, digest } = { ...this, ...parts };
    const registry = parseDomain(domain);
    return new ParsedReference(
      registry,
      parsePath(registry, path),
      tag === undefined ? tag : parseTag(tag),
      digest === undefined ? digest : parseDigest(digest),
    );
  }
}

/** The name without what Docker fills in by itself: `docker.io/`, and `library/` before a single component. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DOCKER_HUB) return reference.name;
  const { path } = reference;
  const official = path.startsWith(OFFICIAL_NAMESPACE) && !path.includes("/", OFFICIAL_NAMESPACE.length);
  return official ? path.slice(OFFICIAL_NAMESPACE.length) : path;
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}
