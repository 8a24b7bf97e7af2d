import type { MappedSpan, MappedText } from "./mapped-text.ts";

/** A place in a file where an image is named. */
export interface FileReference {
  /** What the image is there for: `FROM`, `COPY --from`, `services.web.image`, `containers[].image` … */
  readonly role: string;
  /** Where it is written. */
  readonly span: MappedSpan;
  /** The reference with its variables replaced; `undefined` where one has no value. */
  readonly value: MappedText | undefined;
  /** The variable that has none. */
  readonly variable?: string;
  /** The image is made here, not fetched: it needs neither tag nor digest. */
  readonly built?: boolean;
}
