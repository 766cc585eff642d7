// What the two pages of now have in common, fleet and alerts: a search and choices that stand in the URL, and what was known
// last with its time, greyed when there is nothing newer.

import * as words from "../strings.js";
import { isAbort } from "../api.js";
import { param, setChoice, setParams } from "../state.js";
import { el, searchField, setText } from "./dom.js";

/** A field that searches with every letter. `matches(text)` says whether all of what is wanted is in there. */
export const liveSearch = (label) => {
  const element = searchField(label, { value: param("q", ""), oninput: () => setParams({ q: input.value || null }, { replace: true }) });
  const input = element.querySelector("input");
  return {
    element,
    update: () => { if (input !== document.activeElement) input.value = param("q", ""); },
    matches: (text) => text.toLowerCase().includes(param("q", "").trim().toLowerCase()),
  };
};

/** `make(label, choices, current, choose)` for a parameter of the URL that has a usual value. */
export const liveChoice = (make, name, usual, label, choices) => {
  const element = make(label, choices, param(name, usual), (value) => setChoice(name, value, usual));
  const get = () => (Object.hasOwn(choices, param(name, usual)) ? param(name, usual) : usual);
  return { element, get, update: () => element.set(get()) };
};

/** A heading with a count, and a list beneath it; hidden while there is nothing. */
export const section = (title, list) => {
  const count = el("span.count");
  const heading = el("span", title);
  const element = el("section.list-section", el("h2", heading, " ", count), list);
  return {
    element,
    setCount: (text, isThere = true) => {
      setText(count, text);
      element.hidden = !isThere;
    },
  };
};

/** `load(signal)` asks, `draw(answer)` shows; the page draws anew when the URL or the facts change. Returns the page. */
export const livePage = (root, context, { load, draw }) => {
  const abort = new AbortController();
  const failure = el("p.notice.failure", { role: "alert", hidden: true });
  const asOf = el("p.hint.as-of");
  let answer = null;
  const update = () => { if (answer) draw(answer); };
  const complain = (error) => {
    failure.hidden = !error || Boolean(error.offline);
    setText(failure, error?.message ?? "");
  };
  const refresh = async () => {
    const time = Date.now();
    try {
      answer = await load(abort.signal);
      complain(answer.problem);
      root.classList.remove("outdated", "waiting");
      setText(asOf, words.asOf(context.format().timeSeconds(time)));
      update();
    } catch (error) {
      if (isAbort(error)) return;
      complain(error);
      root.classList.toggle("outdated", answer !== null);
    }
  };
  root.classList.add("waiting");
  return { failure, asOf, complain, page: { update, refresh, factsChanged: update, lookChanged: update, destroy: () => abort.abort() } };
};
