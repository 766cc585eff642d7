// The row of pickers above a board. What is chosen stands in the URL as Grafana writes it (`var-node=pve1`).

import { strings } from "../strings.js";
import { setParams } from "../state.js";
import { chooser } from "./chooser.js";
import { el, icon, setAttribute, setText } from "./dom.js";
import { popoverButton } from "./popover.js";

const words = strings.variables;

const told = (variable) => {
  const texts = variable.current.map((value) => variable.options.find((option) => option.value === value)?.text ?? (value === "$__all" ? words.all : value));
  return texts.length === 0 ? words.none : texts.length > 1 ? words.more(texts[0], texts.length - 1) : texts[0];
};

const makePicker = (first) => {
  let variable = first;
  const value = el("span", { class: "picker-value" });
  const problem = el("span", { class: "picker-problem", hidden: true }, icon("problem"));
  let waiting = null;
  // Several choices are one change: the board is asked anew when the list closes.
  const apply = () => {
    if (!waiting) return;
    const values = [...waiting];
    waiting = null;
    setParams({ [`var-${variable.name}`]: values.length > 0 ? values : null });
  };
  const button = popoverButton(
    el("button", { type: "button", class: "picker" }, el("span", { class: "picker-label" }, first.label || first.name), value, problem, icon("down")),
    (close) => chooser({
      label: words.searchIn(variable.label || variable.name),
      options: variable.options.map(({ text, value: each }) => ({ text: each === "$__all" ? words.all : text, value: each, note: text !== each && each !== "$__all" ? each : null })),
      chosen: new Set(variable.current), multi: variable.multi, all: variable.includeAll ? "$__all" : null,
      onchoose: (chosen, done) => {
        waiting = chosen;
        if (done) close();
      },
    }),
    { label: words.choose(first.label || first.name), onclose: apply });
  const set = (next) => {
    variable = next;
    setText(value, told(next));
    setAttribute(button, "aria-label", `${next.label || next.name}: ${told(next)}`);
    problem.hidden = !next.problem;
    button.title = next.problem ?? "";
  };
  set(first);
  return { element: button, set };
};

const makeTextbox = (first) => {
  const input = el("input", { type: "text", class: "field", onchange: () => setParams({ [`var-${first.name}`]: input.value }) });
  const set = (next) => {
    if (input !== document.activeElement) input.value = next.current[0] ?? "";
  };
  set(first);
  return { element: el("label", { class: "textbox" }, el("span", { class: "picker-label" }, first.label || first.name), input), set };
};

const isShown = (variable) => !variable.hidden && variable.type !== "constant" && !(variable.type === "datasource" && variable.options.length < 2);

/** The row; `set(variables)` keeps the pickers that are still there. */
export const variableRow = () => {
  const element = el("div", { class: "variables", role: "group", "aria-label": words.region });
  let pickers = new Map();
  return {
    element,
    set: (variables) => {
      const next = new Map();
      for (const variable of variables.filter(isShown)) {
        const id = `${variable.type === "textbox"} ${variable.name}`;
        const picker = pickers.get(id) ?? (variable.type === "textbox" ? makeTextbox(variable) : makePicker(variable));
        picker.set(variable);
        next.set(id, picker);
      }
      if ([...next.keys()].join() !== [...pickers.keys()].join()) element.replaceChildren(...[...next.values()].map((each) => each.element));
      pickers = next;
    },
  };
};
