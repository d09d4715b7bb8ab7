// A terminal as far as Textual needs one: places, styles and wide characters; no scrolling, no wrapping.

const SEQUENCE = /\x1b(?:\[([?<>=]?)([\d;:]*)([ !"$']*)([@-~])|\]([^\x07\x1b]*)(?:\x07|\x1b\\)|([^[\]]))/y;
const HALF_A_SEQUENCE = /^\x1b(?:\[[?<>=]?[\d;:]*[ !"$']*|\][^\x07\x1b]*\x1b?)?$/;
const TEXT = /[^\x00-\x1f\x7f]+/y;
const FLAGS = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["reverse"], 29: ["strike"] };
const BASIC = [
  "#000000", "#cc0000", "#4e9a06", "#c4a000", "#3465a4", "#75507b", "#06989a", "#d3d7cf",
  "#555753", "#ef2929", "#8ae234", "#fce94f", "#729fcf", "#ad7fa8", "#34e2e2", "#eeeeec",
];
const PLAIN = Object.freeze({ fg: "", bg: "" });
const BLANK = Object.freeze({ text: " ", style: PLAIN });
const REST_OF_WIDE = Object.freeze({ text: "", style: PLAIN });

function paletteColour(number) {
  if (number < 16) return BASIC[number];
  if (number >= 232) return `rgb(${Array(3).fill(8 + (number - 232) * 10)})`;
  const part = (value) => (value ? 55 + 40 * value : 0);
  const rest = number - 16;
  return `rgb(${part(Math.floor(rest / 36))},${part(Math.floor(rest / 6) % 6)},${part(rest % 6)})`;
}

export class Terminal {
  constructor(element, widths) {
    this.element = element;
    this.widths = widths; // Ranges of code points that are not one cell wide, as Textual measures them.
    this.answer = () => {};
    this.decoder = new TextDecoder();
    this.pending = "";
    this.column = 0;
    this.row = 0;
    this.style = PLAIN;
    this.styles = new Map();
    this.lines = [];
    this.dirty = new Set();
    this.drawing = false;
    this.held = false;
    this.measured = new Map();
  }

  // The size in cells that fits into the window.
  fit() {
    const probe = document.createElement("span");
    probe.id = "measure";
    probe.textContent = "0".repeat(100);
    this.element.append(probe);
    this.cellWidth = probe.getBoundingClientRect().width / 100;
    const style = getComputedStyle(probe);
    this.cellHeight = Math.round(parseFloat(style.lineHeight));
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.font = `${style.fontSize} ${style.fontFamily}`;
    this.canvas = canvas;
    probe.remove();
    this.width = Math.min(500, Math.max(20, Math.floor(this.element.clientWidth / this.cellWidth)));
    this.height = Math.min(200, Math.max(5, Math.floor(this.element.clientHeight / this.cellHeight)));
    while (this.lines.length < this.height) this.lines.push([]);
    this.lines.length = this.height;
    while (this.element.children.length < this.height) this.element.append(document.createElement("div"));
    while (this.element.children.length > this.height) this.element.lastChild.remove();
    for (const line of this.element.children) line.style.height = line.style.lineHeight = `${this.cellHeight}px`;
    return { width: this.width, height: this.height };
  }

  // Takes bytes of the panel in.
  write(bytes) {
    const data = this.pending + this.decoder.decode(bytes, { stream: true });
    let at = 0;
    while (at < data.length) {
      TEXT.lastIndex = SEQUENCE.lastIndex = at;
      const text = TEXT.exec(data);
      if (text) {
        this.put(text[0]);
        at = TEXT.lastIndex;
        continue;
      }
      const sequence = data[at] === "\x1b" ? SEQUENCE.exec(data) : null;
      if (sequence) {
        this.obey(sequence);
        at = SEQUENCE.lastIndex;
      } else if (data[at] === "\x1b" && HALF_A_SEQUENCE.test(data.slice(at))) {
        break;
      } else {
        this.control(data[at]);
        at += 1;
      }
    }
    this.pending = data.slice(at);
    this.draw();
  }

  control(character) {
    if (character === "\r") this.column = 0;
    if (character === "\n") this.row += 1;
    if (character === "\b") this.column = Math.max(0, this.column - 1);
  }

  put(text) {
    const line = this.lines[this.row];
    if (!line) return;
    for (const character of text) {
      const wide = this.widthOf(character.codePointAt(0));
      if (wide === 0) {
        const before = line[this.column - 1] === REST_OF_WIDE ? this.column - 2 : this.column - 1;
        if (line[before]) line[before] = { text: line[before].text + character, style: line[before].style };
        continue;
      }
      if (this.column + wide > this.width) break;
      if (line[this.column] === REST_OF_WIDE && this.column > 0) line[this.column - 1] = BLANK;
      line[this.column] = { text: character, style: this.style };
      if (wide === 2) line[this.column + 1] = REST_OF_WIDE;
      if (line[this.column + wide] === REST_OF_WIDE) line[this.column + wide] = BLANK;
      this.column += wide;
    }
    this.dirty.add(this.row);
  }

  widthOf(code) {
    if (code < 0x300) return 1;
    let low = 0;
    let high = this.widths.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last, width] = this.widths[middle];
      if (code < first) high = middle - 1;
      else if (code > last) low = middle + 1;
      else return width;
    }
    return 1;
  }

  obey([, mark, parameters, between, final, osc]) {
    if (osc !== undefined) this.command(osc);
    else if (final === "m" && !mark) this.restyle(parameters);
    else if (final === "H" && !mark) {
      const [row, column] = parameters.split(";").map(Number);
      this.row = Math.max(1, row || 1) - 1;
      this.column = Math.max(1, column || 1) - 1;
    } else if (final === "J" && !mark) this.clear();
    else if (final === "K" && !mark) this.lines[this.row]?.splice(this.column) && this.dirty.add(this.row);
    else if (mark === "?" && final === "p" && between === "$" && parameters === "2026") this.answer("\x1b[?2026;2$y");
    else if (mark === "?" && parameters === "2026") this.hold(final === "h");
    else if (mark === "?" && parameters === "1049") this.clear();
  }

  // A picture between the two is shown as one.
  hold(held) {
    this.held = held;
  }

  clear() {
    for (const [row, line] of this.lines.entries()) {
      line.length = 0;
      this.dirty.add(row);
    }
  }

  command(osc) {
    const clipboard = /^52;[^;]*;([A-Za-z0-9+/=]+)$/.exec(osc);
    if (clipboard) {
      const bytes = Uint8Array.from(atob(clipboard[1]), (character) => character.charCodeAt(0));
      navigator.clipboard?.writeText(new TextDecoder().decode(bytes)).catch(() => {});
    }
    const pointer = /^22;([a-z-]+)$/.exec(osc);
    if (pointer) this.element.style.cursor = pointer[1];
  }

  restyle(parameters) {
    const codes = parameters.split(/[;:]/).map(Number);
    let style = { ...this.style };
    for (let at = 0; at < codes.length; at += 1) {
      const code = codes[at];
      if (code === 0) style = { ...PLAIN };
      else if (FLAGS[code]) style[FLAGS[code]] = true;
      else if (OFF[code]) for (const flag of OFF[code]) delete style[flag];
      else if (code === 39) style.fg = "";
      else if (code === 49) style.bg = "";
      else if (code === 38 || code === 48) {
        const colour = codes[at + 1] === 5 ? paletteColour(codes[at + 2]) : `rgb(${codes.slice(at + 2, at + 5)})`;
        style[code === 38 ? "fg" : "bg"] = colour;
        at += codes[at + 1] === 5 ? 2 : 4;
      } else if (code >= 30 && code <= 37) style.fg = BASIC[code - 30];
      else if (code >= 40 && code <= 47) style.bg = BASIC[code - 40];
      else if (code >= 90 && code <= 97) style.fg = BASIC[code - 82];
      else if (code >= 100 && code <= 107) style.bg = BASIC[code - 92];
    }
    const key = JSON.stringify(style); // One object for one look, so that runs are found by comparing.
    if (!this.styles.has(key)) this.styles.set(key, Object.freeze(style));
    this.style = this.styles.get(key);
  }

  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      if (this.held) return;
      for (const row of this.dirty) this.drawLine(row);
      this.dirty.clear();
      document.body.classList.add("shown");
    });
  }

  drawLine(row) {
    const element = this.element.children[row];
    const line = this.lines[row];
    if (!element || !line) return;
    const spans = [];
    let run = null;
    for (let column = 0; column < Math.min(line.length, this.width); column += 1) {
      const cell = line[column] ?? BLANK;
      if (cell === REST_OF_WIDE) continue;
      const cells = line[column + 1] === REST_OF_WIDE ? 2 : 1;
      const alone = cells === 2 || !this.fits(cell.text);
      if (!run || alone || run.alone || run.style !== cell.style) {
        run = { column, cells: 0, text: "", style: cell.style, alone };
        spans.push(run);
      }
      run.text += cell.text;
      run.cells += cells;
    }
    element.replaceChildren(...spans.map((span) => this.span(span)));
  }

  // Whether a character of another font than the first is as wide as a cell; one that is not has a place of its own.
  fits(text) {
    if (text.length === 1 && text >= " " && text <= "~") return true;
    let found = this.measured.get(text);
    if (found === undefined) {
      found = Math.abs(this.canvas.measureText(text).width - this.cellWidth) < 0.02;
      this.measured.set(text, found);
    }
    return found;
  }

  span({ column, cells, text, style }) {
    const element = document.createElement("span");
    element.textContent = text;
    const css = element.style;
    css.left = `${column * this.cellWidth}px`;
    css.width = `${cells * this.cellWidth + 0.5}px`; // Half a pixel more, so that no seam is seen between two.
    const [fg, bg] = style.reverse ? [style.bg || "#101418", style.fg || "#d8dee4"] : [style.fg, style.bg];
    if (fg) css.color = fg;
    if (bg) css.backgroundColor = bg;
    if (style.bold) css.fontWeight = "bold";
    if (style.italic) css.fontStyle = "italic";
    if (style.dim) css.opacity = "0.6";
    if (style.underline || style.strike)
      css.textDecoration = `${style.underline ? "underline " : ""}${style.strike ? "line-through" : ""}`;
    return element;
  }
}
