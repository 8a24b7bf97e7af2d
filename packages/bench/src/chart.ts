/** One bar of a chart; those of a group stand together and share a scale. */
export interface Bar {
  readonly group: string;
  readonly name: string;
  readonly value: number;
}

/** Horizontal bars as SVG, readable on light and dark pages. Seconds: shorter is better. */
export function chart(bars: readonly Bar[]): string {
  const groups = new Map<string, Bar[]>();
  for (const bar of bars) groups.set(bar.group, [...(groups.get(bar.group) ?? []), bar]);
  const parts: string[] = [];
  let top = 8;
  for (const [group, members] of groups) {
    parts.push(`<text x="8" y="${top + 14}" font-weight="bold">${escapeXml(group)}</text>`);
    top += ROW;
    const longest = Math.max(...members.map(({ value }) => value));
    for (const { name, value } of members) {
      const width = Math.max(1, (value / longest) * BAR_WIDTH);
      const label = `<text x="8" y="${top + 13}">${escapeXml(name)}</text>`;
      const figure = `<text x="${LEFT + width + 6}" y="${top + 13}">${value.toFixed(3)} s</text>`;
      const colour = name === "reg" ? "#2563eb" : "#94a3b8";
      parts.push(
        `${label}<rect x="${LEFT}" y="${top + 2}" width="${width.toFixed(1)}" height="14" rx="2" fill="${colour}"/>${figure}`,
      );
      top += ROW;
    }
    top += ROW / 2;
  }
  const width = LEFT + BAR_WIDTH + 90;
  const style = "text{font:12px system-ui,sans-serif;fill:#64748b}";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"><style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}

/** Pixels. */
const ROW = 20;
const LEFT = 90;
const BAR_WIDTH = 480;

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
