// Keeps the bookings of a small shop and tells what is open.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CURRENCIES = ['EUR', 'USD', 'CHF'];

/**
 * A booking that cannot be taken in.
 */
export class BookingError extends Error {
  constructor(message, booking) {
    super(message);
    this.name = 'BookingError';
    this.booking = booking;
  }
}

/** The bookings of one shop. */
export class Ledger {
  constructor(folder, clock = Date.now) {
    this.folder = folder;
    this.clock = clock;
    this.bookings = [];
    this.listeners = new Set();
  }

  // Everything is read at once: a ledger is small.
  async load() {
    const text = await readFile(join(this.folder, 'ledger.json'), 'utf8');
    const rows = JSON.parse(text);

    // Old files hold an object.
    const list = Array.isArray(rows) ? rows : rows.bookings;
    this.bookings = list.map((row) => this.check(row));
    return this.bookings.length;
  }

  async save() {
    const rows = JSON.stringify(this.bookings, null, 2);
    await writeFile(join(this.folder, 'ledger.json'), rows, 'utf8');
    for (const listener of this.listeners) {
      listener('saved', this.bookings.length);
    }
    return rows.length;
  }

  check(row) {
    if (!CURRENCIES.includes(row.currency)) {
      throw new BookingError('unknown currency', row);
    }
    if (typeof row.cents !== 'number' || row.cents === 0) {
      throw new BookingError('no amount', row);
    }

    // A booking without a date was made now.
    const at = row.at === undefined ? this.clock() : row.at;
    return { ...row, at };
  }

  add(row) {
    const booking = this.check(row);
    this.bookings.push(booking);
    for (const listener of this.listeners) {
      listener('added', booking);
    }
    return booking;
  }

  open(customer) {
    let total = 0;
    for (const booking of this.bookings) {
      if (booking.customer !== customer) {
        continue;
      }
      // Payments count against what was bought.
      if (booking.kind === 'payment') {
        total -= booking.cents;
      } else {
        total += booking.cents;
      }
    }
    return total;
  }

  listen(listener) {
    this.listeners.add(listener);
    const stop = () => this.listeners.delete(listener);
    return stop;
  }
}

export function format(cents, currency) {
  const sign = cents < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, '0');

  // Francs stand before the number.
  if (currency === 'CHF') {
    return `CHF ${sign}${whole}.${rest}`;
  }
  return `${sign}${whole}.${rest} ${currency}`;
}

export function byMonth(bookings) {
  const months = new Map();
  for (const booking of bookings) {
    const date = new Date(booking.at);
    const key = `${date.getFullYear()}-${date.getMonth() + 1}`;

    const list = months.get(key) || [];
    list.push(booking);
    months.set(key, list);
  }
  return months;
}

function compare(left, right) {
  if (left.at === right.at) {
    return left.cents - right.cents;
  }
  return left.at < right.at ? -1 : 1;
}

export function report(ledger, customer) {
  const lines = ['Report for ' + customer];
  const own = ledger.bookings.filter((booking) => booking.customer === customer);
  own.sort(compare);

  for (const booking of own) {
    const amount = format(booking.cents, booking.currency);
    lines.push(`${booking.kind}: ${amount}`);
  }

  const open = ledger.open(customer);
  if (open > 0) {
    lines.push('still open: ' + format(open, 'EUR'));
  } else if (open < 0) {
    lines.push('to be paid back: ' + format(-open, 'EUR'));
  }
  return lines.join('\n');
}

export default function createLedger(folder) {
  const ledger = new Ledger(folder);
  ledger.listen((event) => console.log('ledger', event));
  return ledger;
}
