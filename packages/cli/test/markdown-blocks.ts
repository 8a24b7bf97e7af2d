/** A fenced block of Markdown, and the `output` block right below it. */
export interface MarkdownBlock {
  readonly language: string;
  /** Of the fence, from 1. */
  readonly line: number;
  readonly text: string;
  /** What a program prints, where the document says it. */
  readonly output?: string;
}

/** The fenced blocks of a document, in order; an `output` block belongs to the one above it. */
export function markdownBlocks(markdown: string): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const language = /^```(\w+)/.exec(lines[index] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", index + 1);
    if (end === -1) throw new Error(`the block that starts at line ${index + 1} is not closed`);
    const text = lines.slice(index + 1, end).join("\n");
    const above = blocks.at(-1);
    if (language !== "output") blocks.push({ language, line: index + 1, text });
    else if (above === undefined) throw new Error(`the output of line ${index + 1} is of nothing`);
    else blocks[blocks.length - 1] = { ...above, output: text };
    index = end;
  }
  return blocks;
}

/** What stands between single backticks outside of fenced blocks; `\|` of tables is `|`. */
export function inlineCode(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code.replaceAll("\\|", "|"));
}
