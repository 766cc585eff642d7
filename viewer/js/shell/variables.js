// The row of pickers above a board. What is chosen stands in the URL as Grafana writes it (`var-node=pve1`).

import * as words from "../strings.js";
import { setParams } from "../state.js";
import { chooser } from "./chooser.js";
import { el, icon, keyed, setAttribute, setText } from "./dom.js";
import { popoverButton } from "./popover.js";

const all = "$__all";
const textOf = (variable, value) => (value === all ? words.all : variable.options.find((option) => option.value === value)?.text ?? value);

const told = (variable) => {
  const [first, ...others] = variable.current;
  if (first === undefined) return words.noValue;
  return others.length > 0 ? words.andMore(textOf(variable, first), others.length) : textOf(variable, first);
};

const makePicker = ({ name, label }) => {
  let variable = null;
  let waiting = null;
  const value = el("b.cut");
  const problem = icon("problem");
  // Several choices are one change: the board is asked anew when the list closes.
  const apply = () => {
    if (waiting) setParams({ [`var-${name}`]: [...waiting] });
    waiting = null;
  };
  const build = (popover) => chooser({
    label: words.searchIn(label), remark: variable.problem, multi: variable.multi, all: variable.includeAll ? all : null, chosen: new Set(variable.current),
    options: variable.options.map((option) => ({ text: textOf(variable, option.value), value: option.value, note: [option.text, all].includes(option.value) ? undefined : option.value })),
    onchoose: (chosen) => {
      waiting = chosen;
      if (!variable.multi) popover.hidePopover();
    },
  });
  const element = popoverButton(el("button.button.picker", el("span.muted", label), value, problem, icon("down")), build, { label: words.choose(label), onclose: apply });
  const set = (next) => {
    variable = next;
    setText(value, told(next));
    const spoken = `${label}: ${told(next)}`;
    setAttribute(element, "aria-label", next.problem ? words.hasProblem(spoken) : spoken);
    problem.classList.toggle("none", !next.problem);
  };
  return { element, set };
};

const makeTextbox = ({ name, label }) => {
  const input = el("input.field", { type: "text", onchange: () => setParams({ [`var-${name}`]: input.value }) });
  const set = ({ current }) => {
    if (input !== document.activeElement) input.value = current[0] ?? "";
  };
  return { element: el("label.line", el("span.muted", label), input), set };
};

const isShown = ({ hidden, type, options }) => !hidden && type !== "constant" && !(type === "datasource" && options.length < 2);

/** The row; `set(variables)` keeps the pickers that are still there. */
export const variableRow = () => {
  const element = el("div.variables", { role: "group", "aria-label": words.variables });
  const pickers = keyed(element, ({ type, name, label }) => JSON.stringify([type, name, label]), (variable) => (variable.type === "textbox" ? makeTextbox : makePicker)(variable));
  return { element, set: (variables) => pickers.set(variables.filter(isShown)) };
};
