// Draws messages as Slack and Teams show them: blocks and cards in, elements out. It runs in the page.
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { Message } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";
import * as cards from "adaptivecards";
import MarkdownIt from "markdown-it";
import hostConfig from "./teams.json";

// ---- Slack

// What the library reads otherwise than Slack does is put right here, and nothing else. In Slack marks do
// nothing inside of a word, beside a space of no width and in plain text; an escaped < begins no mention;
// a time of day is no emoji; and `verbatim` keeps names and addresses from becoming links, not marks from
// marking. Such signs are hidden from the library behind others that nobody uses, until it has drawn.
const SIGNS = "*_~`:@#<";
const hidden = (text) => text.replace(/[*_~`:@#<]/g, (sign) => String.fromCodePoint(0xe100 + SIGNS.indexOf(sign)));
const shown = (text) => text.replace(/[\ue100-\ue107]/g, (other) => SIGNS[other.codePointAt(0) - 0xe100]);
const INERT = /<[^>]*>|`[^`\n]*`|\u200b[*_~`]+\u200b|:[\w+'-]+:|(?<=\w)[*_~](?=\w)|[:@]/g;

function inert(text) {
  const kept = text.replace(INERT, (found) => (/^([\u200b*_~]|[:@]$)/.test(found) ? hidden(found) : found));
  return kept.replaceAll("&lt;", hidden("<"));
}

/** What is chosen in a menu from the start: its words, or nothing. */
const choice = (element, people) =>
  element.initial_option?.text.text ?? people[element.initial_user] ?? element.initial_conversation;

function asSlackReads(value, people) {
  if (Array.isArray(value)) return value.map((inner) => asSlackReads(inner, people));
  if (value === null || typeof value !== "object") return value;
  if (value.type === "mrkdwn") return { type: "mrkdwn", text: inert(value.text) };
  if (value.type === "plain_text") return { ...value, text: hidden(value.text) };
  const read = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asSlackReads(inner, people)]));
  // In an input's label Slack says "(optional)", and in a menu what is chosen; the library says neither.
  if (read.type === "input" && read.optional)
    read.label = { ...read.label, text: `${read.label.text} (optional)` };
  const chosen = choice(read, people);
  return chosen ? { ...read, placeholder: { type: "plain_text", text: chosen } } : read;
}

const KNOWN = new Set([
  ...["actions", "context", "data_visualization", "divider", "header", "image", "input", "rich_text", "section"],
  "table",
]);

/** A data table as the older kind of table, which the library knows: its cells are the same to look at. */
const asTable = (block) =>
  block.type === "data_table"
    ? { type: "table", rows: block.rows.map((row) => row.map(({ text }) => ({ type: "raw_text", text }))) }
    : block;

/** In place of what cannot be drawn: a line that says so. */
const undrawn = (type) => ({ type: "section", text: { type: "plain_text", text: `(no picture of ${type})` } });

function drawSlack(place, { content: given, people }) {
  const content = given.map(asTable);
  const strange = content.map((block) => block.type).filter((type) => !KNOWN.has(type));
  const blocks = content.map((block) => (KNOWN.has(block.type) ? block : undrawn(block.type)));
  const hooks = {
    // An address that stands in a text as it is: with `verbatim` it is no link.
    link: ({ href, children, className }) => createElement("a", { href, className }, children),
    atHere: () => "@here",
    atChannel: () => "@channel",
    atEveryone: () => "@everyone",
    user: ({ id }) => createElement("span", { className: "slack_user" }, `@${people[id] ?? id}`),
  };
  const props = { blocks: asSlackReads(blocks, people), name: "", logo: "", theme: "light", withoutWrapper: true };
  const root = createRoot(place);
  flushSync(() => root.render(createElement(Message, { ...props, hooks })));
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = shown(texts.currentNode.data);
  const within = (id, rest) => place.querySelector(`#${CSS.escape(id)} ${rest}`);
  for (const { block_id, element } of blocks.filter((block) => block.type === "input")) {
    if (element.type === "plain_text_input" && !element.multiline)
      within(block_id, "textarea").classList.add("one-line");
    if (choice(element, people)) within(block_id, `#${CSS.escape(element.action_id)}`).classList.add("chosen");
  }
  return strange;
}

// ---- Teams

const markdown = new MarkdownIt({ html: false, linkify: false });
const AT = /<at>(.*?)<\/at>/g;

cards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  const named = [];
  const marked = text.replace(AT, (_, name) => `\u2063${named.push(name) - 1}\u2063`);
  result.outputHtml = markdown
    .render(marked)
    .replace(/\u2063(\d+)\u2063/g, (_, index) => `<span class="at">${named[Number(index)]}</span>`);
  result.didProcess = true;
};

// Bundling leaves out what registers itself and is named nowhere.
cards.GlobalRegistry.defaultElements.register("Table", cards.Table, cards.Versions.v1_5);

/** In place of a chart, which is Teams' own and nobody else's: that there is one, and which. */
const charted = (value) =>
  /^Chart\./.test(value?.type ?? "")
    ? { type: "TextBlock", text: `(here Teams draws a chart: ${value.title})`, isSubtle: true, wrap: true }
    : value;

/** A card whose people pickers are lists: whoever is chosen shows by name, as in Teams, which searches. */
const searched = (card) =>
  JSON.parse(JSON.stringify(card), (key, value) => (key === "choices.data" ? undefined : charted(value)));

function drawTeams(place, { content }) {
  const drawn = new cards.AdaptiveCard();
  drawn.hostConfig = new cards.HostConfig(hostConfig);
  const seen = new cards.SerializationContext();
  drawn.parse(searched(content), seen);
  place.append(drawn.render());
  return [...Array(seen.eventCount).keys()].map((index) => seen.getEventAt(index).message);
}

const DRAW = { slack: drawSlack, teams: drawTeams };

/** Draws into every element with `data-draws` the JSON that stands in it; returns what it cannot draw. */
window.drawAll = () =>
  [...document.querySelectorAll("[data-draws]")].flatMap((place) => {
    const given = JSON.parse(place.firstElementChild.textContent);
    place.replaceChildren();
    return DRAW[place.dataset.draws](place, given).map((what) => `${place.dataset.name}: ${what}`);
  });
