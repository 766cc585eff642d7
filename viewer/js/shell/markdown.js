// The little markdown that the runbook is written in, as elements: headings, paragraphs, lists, tables, code, links.

import { safeURL } from "../state.js";
import { el } from "./dom.js";

const inline = (text) => {
  const nodes = [];
  let rest = text;
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:[^>\s]+)>/;
  for (let found = pattern.exec(rest); found; found = pattern.exec(rest)) {
    const [whole, code, strong, words, target, bare] = found;
    if (found.index > 0) nodes.push(rest.slice(0, found.index));
    // A link relative to the runbook's own file leads nowhere from here.
    const url = bare ?? (/^https?:/.test(target ?? "") ? target : null);
    if (code) nodes.push(el("code", {}, code));
    else if (strong) nodes.push(el("strong", {}, strong));
    else if (url && safeURL(url)) nodes.push(el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words ?? url));
    else nodes.push(words ?? whole);
    rest = rest.slice(found.index + whole.length);
  }
  return rest ? [...nodes, rest] : nodes;
};

const cells = (line) => line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

const blocks = [
  { test: /^```/, make: (lines) => {
    lines.shift();
    const code = [];
    while (lines.length > 0 && !/^```/.test(lines[0])) code.push(lines.shift());
    lines.shift();
    return el("pre", { tabIndex: 0 }, el("code", {}, code.join("\n")));
  } },
  { test: /^#{1,6} /, make: (lines) => el("h4", {}, inline(lines.shift().replace(/^#+ /, ""))) },
  { test: /^\|/, make: (lines) => {
    const rows = [];
    while (lines.length > 0 && /^\|/.test(lines[0])) rows.push(cells(lines.shift()));
    const [head, ...rest] = rows.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
    return el("div", { class: "numbers" }, el("table", {}, el("thead", {}, el("tr", {}, head.map((cell) => el("th", { scope: "col" }, inline(cell))))),
      el("tbody", {}, rest.map((row) => el("tr", {}, row.map((cell) => el("td", {}, inline(cell))))))));
  } },
  { test: /^(?:[-*]|\d+\.) /, make: (lines) => {
    const items = [];
    const ordered = /^\d/.test(lines[0]);
    while (lines.length > 0 && (/^(?:[-*]|\d+\.) /.test(lines[0]) || /^\s+\S/.test(lines[0]))) {
      const line = lines.shift();
      if (/^\s/.test(line)) items.push(`${items.pop()} ${line.trim()}`);
      else items.push(line.replace(/^(?:[-*]|\d+\.) /, ""));
    }
    return el(ordered ? "ol" : "ul", {}, items.map((item) => el("li", {}, inline(item))));
  } },
];

/** Elements for the text. Whatever is not understood stays text. */
export const markdown = (text) => {
  const lines = String(text).split("\n");
  const result = el("div", { class: "markdown" });
  while (lines.length > 0) {
    if (lines[0].trim() === "") {
      lines.shift();
      continue;
    }
    const block = blocks.find((each) => each.test.test(lines[0]));
    if (block) {
      result.append(block.make(lines));
      continue;
    }
    const paragraph = [];
    while (lines.length > 0 && lines[0].trim() !== "" && !blocks.some((each) => each.test.test(lines[0]))) paragraph.push(lines.shift().trim());
    result.append(el("p", {}, inline(paragraph.join(" "))));
  }
  return result;
};
