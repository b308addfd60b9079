/** The report: a page of tables and plots that needs no network, and the same tables as Markdown. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { TopkitError } from "../../runtime/errors.ts";
import { makeFolder } from "../../runtime/make-folder.ts";
import type { Draw } from "./draw.ts";
import { type ReportData, type Section, sectionsOf } from "./sections.ts";
import { escapeHtml, toHtml, toMarkdown } from "./table.ts";

/** Writes FILE.html, and FILE.md beside it. Errors: TK506; RangeError where nothing was measured. */
export async function writeReport(file: string, data: ReportData, draw: Draw): Promise<void> {
  const devices = [...new Set(data.rows.map(({ device }) => device))].join(", ");
  await writeSections(file, `Exact top-k on ${devices}`, sectionsOf(data), draw);
}

/** Of any sections. Errors: TK506. */
export async function writeSections(file: string, title: string, sections: readonly Section[], draw: Draw): Promise<void> {
  const html = await page(title, sections, draw);
  try {
    await makeFolder(path.dirname(path.resolve(file)));
    writeFileSync(file, html);
    writeFileSync(file.replace(/(\.html?)?$/, ".md"), markdown(title, sections));
  } catch (cause) {
    throw new TopkitError("TK506", `the report ${file} cannot be written: ${(cause as Error).message}; give a path that can be written`, { file }, { cause });
  }
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.6rem; font-size: 1.25rem; border-bottom: 1px solid #d0d7de; padding-bottom: .3rem; } h3 { font-size: 1rem; margin: 1.8rem 0 .2rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; } th, td { padding: .28rem .7rem; border-bottom: 1px solid #eaeef2; text-align: left; white-space: nowrap; }
th { background: #f6f8fa; font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; overflow-x: auto; } figcaption, .note { color: #57606a; font-size: 13px; max-width: 60rem; } summary { cursor: pointer; color: #0b6bcb; }
`;

async function page(title: string, sections: readonly Section[], draw: Draw): Promise<string> {
  const bodies: string[] = [];
  for (const { title: heading, text, table, plots, folded } of sections) {
    const shown = table === undefined ? "" : toHtml(table);
    const figures: string[] = [];
    for (const plot of plots)
      figures.push(`<h3>${escapeHtml(plot.title)}</h3>\n<figure>${await draw(plot.spec)}<figcaption>${escapeHtml(plot.caption)}</figcaption></figure>`);
    bodies.push(
      `<h2>${escapeHtml(heading)}</h2>`,
      text === undefined ? "" : `<p class="note">${escapeHtml(text)}</p>`,
      folded ? `<details><summary>${table?.rows.length ?? 0} rows</summary>${shown}</details>` : shown,
      ...figures,
    );
  }
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body>\n<h1>${escapeHtml(title)}</h1>\n${bodies.filter((part) => part !== "").join("\n")}\n</body></html>\n`;
}

function markdown(title: string, sections: readonly Section[]): string {
  const parts = sections.flatMap(({ title: heading, text, table }) => [
    `## ${heading}`,
    ...(text === undefined ? [] : [text]),
    ...(table === undefined ? [] : [toMarkdown(table)]),
  ]);
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}
