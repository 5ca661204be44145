/** As much of Markdown as the checks of our pages need, by the rules of GitHub. */

/** A block of code between two fences. */
export interface Fence {
  /** What stands after the first fence, such as `sh` or `json`. */
  language: string;
  text: string;
  line: number;
}

/** Where a link or an image leads, as it stands on the page. */
export interface Link {
  /** The words of a link; those of an image, or `''` for one in HTML. */
  text: string;
  target: string;
  line: number;
}

/** A page taken apart. */
export interface Page {
  links: Link[];
  fences: Fence[];
  /** What stands between backticks in the text. */
  codes: { text: string; line: number }[];
  /** What `#…` may name. */
  anchors: Set<string>;
}

export function readPage(text: string): Page {
  const page: Page = { links: [], fences: [], codes: [], anchors: new Set() };
  let open: Fence | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*(?:```|~~~)\s*(\S*)/.exec(line);
    if (open) {
      if (fence) open = undefined;
      else open.text += `${line.replace(/^ {1,3}/, '')}\n`;
    } else if (fence) {
      open = { language: fence[1] ?? '', text: '', line: index + 1 };
      page.fences.push(open);
    } else {
      readLine(page, line, index + 1);
    }
  }
  return page;
}

function readLine(page: Page, line: string, number: number): void {
  const heading = /^#{1,6} +(.*?)\s*#*$/.exec(line);
  if (heading) page.anchors.add(freeSlug(page.anchors, slugOf(heading[1] ?? '')));
  for (const [, name = ''] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) page.anchors.add(name);
  for (const [, text = ''] of line.matchAll(/`([^`]+)`/g)) page.codes.push({ text, line: number });
  const prose = line.replace(/`[^`]*`/g, '``');
  const inline = prose.matchAll(/(?:\[([^\][]*))?\]\(<?([^)<>\s]+)>?(?: "[^"]*")?\)/g);
  const html = prose.matchAll(/<(?:a|img|source)()\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/g);
  const defined = prose.matchAll(/^\[([^\]]+)\]:\s+(\S+)/g);
  for (const [, text = '', target = ''] of [...inline, ...html, ...defined]) {
    page.links.push({ text, target, line: number });
  }
}

/** The name that GitHub gives to a heading. */
export function slugOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function freeSlug(taken: ReadonlySet<string>, slug: string): string {
  let name = slug;
  for (let count = 1; taken.has(name); count += 1) name = `${slug}-${count}`;
  return name;
}
