// Opens one panel in this tab: changes the token of the address for a ticket, then connects.
import { Terminal } from "./terminal.js";
import { listen } from "./input.js";

const KEPT = "aura-panel-token"; // In the storage of this tab, so that a reload works; no other origin can read it.

function token() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname); // Not in the history, and not in a copied address.
  }
  return sessionStorage.getItem(KEPT) ?? "";
}

function say(text) {
  document.getElementById("text").textContent = text;
  const notice = document.getElementById("notice");
  if (!notice.open) notice.showModal();
}

async function ticket() {
  const answer = await fetch("tabs", { method: "POST", headers: { Authorization: `Bearer ${token()}` } });
  const found = await answer.json();
  if (!answer.ok) throw new Error(`${found.message}\n${found.hint}`);
  return found.ticket;
}

async function open() {
  const widths = await (await fetch("widths.json")).json();
  const screen = document.getElementById("screen");
  const terminal = new Terminal(screen, widths);
  const { width, height } = terminal.fit();
  const address = `ws://${location.host}/tabs/${await ticket()}?width=${width}&height=${height}`;
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  const send = (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  terminal.answer = (data) => send({ type: "input", data });
  let reason = "";
  socket.addEventListener("open", () => {
    listen(terminal, send);
  });
  socket.addEventListener("message", (event) => {
    if (typeof event.data !== "string") {
      terminal.write(new Uint8Array(event.data));
      return;
    }
    const told = JSON.parse(event.data);
    if (told.type === "open") window.open(told.url, "_blank", "noopener,noreferrer");
    if (told.type === "left") reason = told.message;
  });
  socket.addEventListener("close", () => {
    document.body.classList.add("left");
    say(reason || "The connection to the panel has ended. Start it again with `aura panel --web`.");
  });
}

document.getElementById("again").addEventListener("click", () => location.reload());
open().catch((error) => say(error.message));
