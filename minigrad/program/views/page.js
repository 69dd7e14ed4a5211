// Shows one step of the program at a time: what is in #program is never changed, and `current` says which step it is.
"use strict";
const program = JSON.parse(document.getElementById("program").textContent);
const values = program.values;
const steps = values.map((value, index) => index).filter((index) => values[index].phase !== "input");
const order = new Map(steps.map((index, position) => [index, position]));
const at = (id) => document.getElementById(id);
let current = 0;
let looked = null; // an input that is looked at, whose place in the order is that of the step

function element(kind, text, name) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function link(index) {
  const value = values[index];
  const button = element("button", undefined, value.phase);
  button.type = "button";
  button.dataset.value = index;
  button.append(value.name + " ", element("span", value.shape, "small"));
  button.addEventListener("click", () => show(index));
  return button;
}

function listed(list, indices, none) {
  list.replaceChildren();
  for (const index of indices) {
    const item = element("li");
    item.append(link(index));
    list.append(item);
  }
  if (!indices.length) list.append(element("li", none, "small"));
}

// Numbers for small arrays: one table for each matrix.
function tables(box, data) {
  const scroll = element("div", undefined, "scroll");
  for (let start = 0; start < data.numbers.length; start += data.rows * data.columns) {
    const table = element("table");
    for (let row = 0; row < data.rows; row++) {
      const line = table.insertRow();
      for (let column = 0; column < data.columns; column++)
        line.insertCell().textContent = data.numbers[start + row * data.columns + column];
    }
    scroll.append(table);
  }
  box.append(scroll);
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const numbers = (name) => style.getPropertyValue(name).split(",").map(Number);
  return { low: numbers("--low"), zero: numbers("--zero"), high: numbers("--high") };
}

// A picture for large arrays: 0 to 254 stand for -scale to scale, 255 for what is no number and for gaps.
function picture(box, data) {
  const canvas = element("canvas");
  canvas.width = data.columns;
  canvas.height = data.rows;
  // Squares, but for arrays that are much longer than wide, or wider than long.
  const most = Math.max(data.columns, data.rows);
  const zoom = Math.max(1, Math.floor(320 / most));
  canvas.style.width = Math.max(data.columns, Math.ceil(most / 8)) * zoom + "px";
  canvas.style.height = Math.max(data.rows, Math.ceil(most / 8)) * zoom + "px";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "picture of the array: " + data.summary);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(data.columns, data.rows);
  const bytes = atob(data.picture);
  const { low, zero, high } = colours();
  for (let i = 0; i < bytes.length; i++) {
    const level = bytes.charCodeAt(i);
    if (level === 255) continue;
    const part = (level - 127) / 127;
    const end = part < 0 ? low : high;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = zero[c] + Math.abs(part) * (end[c] - zero[c]);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  box.append(canvas, element("p", `blue is -${data.scale}, red is ${data.scale}${data.sampled}`, "note"));
}

function array(box, index) {
  const data = values[index].data;
  box.replaceChildren();
  if (data.numbers) tables(box, data);
  else if (data.picture) picture(box, data);
  if (data.summary) box.append(element("p", data.summary, "note"));
  if (data.bad) box.append(element("p", data.bad, "note bad"));
}

function show(index) {
  if (order.has(index)) {
    current = order.get(index);
    looked = null;
  } else {
    looked = index;
  }
  draw();
}

function draw() {
  const index = looked === null ? steps[current] : looked;
  const value = values[index];
  at("position").textContent =
    looked === null ? `Step ${current + 1} of ${steps.length}` : `Input ${value.name}, at step ${current + 1} of ${steps.length}`;
  at("slider").value = current;
  at("first").disabled = at("back").disabled = looked === null && current === 0;
  at("on").disabled = at("last").disabled = current === steps.length - 1 && looked === null;
  at("phase").textContent = value.phase;
  at("phase").className = "tag " + value.phase;
  at("layers").textContent = value.layers;
  at("place").textContent = value.place;
  at("source").textContent = value.source || "no line of yours";
  at("call").textContent = value.call;
  at("value-title").textContent = `${value.name} ${value.shape} ${value.dtype}`;
  array(at("value"), index);
  gradient(value);
  listed(at("uses"), value.uses, value.phase === "input" ? "it is given to the program" : "no other value");
  listed(at("used"), value.used, value.result ? "a result of the program" : "nothing");
  for (const button of at("steps").querySelectorAll("button[aria-current]")) button.removeAttribute("aria-current");
  const own = at("steps").querySelector(`button[data-value="${index}"]`);
  own.setAttribute("aria-current", "step");
  const list = at("steps").parentElement;
  if (list.scrollHeight > list.clientHeight) list.scrollTop = own.offsetTop - list.offsetTop - list.clientHeight / 2;
}

// The gradient of a value is known once the pass back has been at it.
function gradient(value) {
  const box = at("gradient");
  box.replaceChildren();
  if (value.of !== null) {
    at("gradient-title").textContent = `${value.name} is the gradient of`;
    box.append(link(value.of));
  } else if (value.gradient === null) {
    at("gradient-title").textContent = "Gradient";
    box.append(element("p", "none is computed for this value", "small"));
  } else if (order.get(value.gradient) > current) {
    at("gradient-title").textContent = "Gradient";
    box.append(element("p", `not yet: it is computed in step ${order.get(value.gradient) + 1}`, "small"));
  } else {
    at("gradient-title").textContent = `Gradient ${values[value.gradient].name} ${values[value.gradient].shape}`;
    array(box, value.gradient);
    box.append(link(value.gradient));
  }
}

function go(position) {
  current = Math.min(Math.max(position, 0), steps.length - 1);
  looked = null;
  draw();
}

const back = () => go(looked === null ? current - 1 : current);
const on = () => go(looked === null ? current + 1 : current);
at("first").addEventListener("click", () => go(0));
at("back").addEventListener("click", back);
at("on").addEventListener("click", on);
at("last").addEventListener("click", () => go(steps.length - 1));
at("slider").max = steps.length - 1;
at("slider").addEventListener("input", () => go(Number(at("slider").value)));
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const keys = { ArrowLeft: back, ArrowRight: on, Home: () => go(0), End: () => go(steps.length - 1) };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

at("title").textContent = program.title;
for (let index = 0; index < values.length; index++) {
  const item = element("li");
  item.append(link(index));
  at("steps").append(item);
}
draw();
