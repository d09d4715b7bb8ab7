// Keys, text, mouse and size of the window, as a terminal tells them.

const CURSOR = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D", End: "F", Home: "H", F1: "P", F2: "Q", F3: "R", F4: "S" };
const NUMBERED = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21 };
const SIMPLE = { Enter: "\r", Escape: "\x1b", Tab: "\t", Backspace: "\x7f" };
const CONTROL = { "@": 0, " ": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31, "/": 31 };
// F5, F11 and F12, zoom, reload, and everything with Cmd or Ctrl-Shift stay with the browser.

export function sequenceOf(event) {
  if (event.metaKey || (event.ctrlKey && event.shiftKey && event.key.length === 1)) return null;
  const modifiers = 1 + (event.shiftKey ? 1 : 0) + (event.altKey ? 2 : 0) + (event.ctrlKey ? 4 : 0);
  const { key } = event;
  if (key === "Tab" && event.shiftKey) return "\x1b[Z";
  if (CURSOR[key]) {
    if (modifiers > 1) return `\x1b[1;${modifiers}${CURSOR[key]}`;
    return `\x1b${key.startsWith("F") ? "O" : "["}${CURSOR[key]}`;
  }
  if (NUMBERED[key]) return `\x1b[${NUMBERED[key]}${modifiers > 1 ? `;${modifiers}` : ""}~`;
  if (SIMPLE[key]) return (event.altKey ? "\x1b" : "") + SIMPLE[key];
  if ([...key].length !== 1) return null;
  if (event.getModifierState("AltGraph")) return key;
  return event.ctrlKey ? controlOf(key.toLowerCase(), event.altKey) : (event.altKey ? "\x1b" : "") + key;
}

function controlOf(key, alt) {
  if (key === "v" || key === "r") return null; // Paste comes as an event of its own; reload stays.
  const code = key >= "a" && key <= "z" ? key.charCodeAt(0) - 96 : CONTROL[key];
  return code === undefined ? null : (alt ? "\x1b" : "") + String.fromCharCode(code);
}

export function listen(terminal, send) {
  const keys = document.getElementById("keys");
  const screen = terminal.element;
  const input = (data) => send({ type: "input", data });

  keys.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const sequence = sequenceOf(event);
    if (sequence === null) return;
    event.preventDefault();
    input(sequence);
  });
  keys.addEventListener("input", (event) => {
    if (event.isComposing) return;
    if (keys.value) input(keys.value);
    keys.value = "";
  });
  keys.addEventListener("compositionend", () => {
    if (keys.value) input(keys.value);
    keys.value = "";
  });
  keys.addEventListener("paste", (event) => {
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain").replaceAll("\x1b", "");
    if (text) input(`\x1b[200~${text}\x1b[201~`);
  });
  keys.addEventListener("focus", () => send({ type: "focus" }));
  keys.addEventListener("blur", () => send({ type: "blur" }));

  let last = "";
  const mouse = (event, button, released = false) => {
    const area = screen.getBoundingClientRect();
    const column = Math.floor((event.clientX - area.left) / terminal.cellWidth) + 1;
    const row = Math.floor((event.clientY - area.top) / terminal.cellHeight) + 1;
    if (column > terminal.width || row > terminal.height) return;
    const code = button + (event.altKey ? 8 : 0) + (event.ctrlKey ? 16 : 0);
    const told = `\x1b[<${code};${column};${row}${released ? "m" : "M"}`;
    if (button >= 32 && button < 64 && told === last) return;
    last = told;
    input(told);
  };
  screen.addEventListener("mousedown", (event) => {
    screen.classList.toggle("selectable", event.shiftKey); // With Shift the browser selects, as terminals do it.
    if (event.shiftKey) return;
    event.preventDefault();
    keys.focus();
    mouse(event, event.button);
  });
  screen.addEventListener("mouseup", (event) => {
    if (!event.shiftKey) mouse(event, event.button, true);
  });
  screen.addEventListener("mousemove", (event) => {
    const button = event.buttons & 1 ? 0 : event.buttons & 4 ? 1 : event.buttons & 2 ? 2 : 3;
    if (!event.shiftKey) mouse(event, 32 + button);
  });
  screen.addEventListener("contextmenu", (event) => event.preventDefault());
  screen.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return;
    event.preventDefault();
    mouse(event, Math.abs(event.deltaX) > Math.abs(event.deltaY) ? (event.deltaX < 0 ? 66 : 67) : event.deltaY < 0 ? 64 : 65);
  }, { passive: false });

  let size = `${terminal.width}x${terminal.height}`;
  new ResizeObserver(() => {
    const { width, height } = terminal.fit();
    if (size === `${width}x${height}`) return;
    size = `${width}x${height}`;
    terminal.clear();
    send({ type: "resize", width, height });
  }).observe(screen);
  keys.focus();
  send({ type: "focus" });
}
