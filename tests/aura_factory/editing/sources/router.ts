// A router that keeps its routes in a tree of path parts.
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';

export type Handler = (request: IncomingMessage, values: Values) => Promise<string>;
export type Values = Record<string, string>;

export interface Match {
  handler: Handler;
  values: Values;
}

interface Part {
  fixed: Map<string, Part>;
  named?: { name: string; part: Part };
  handler?: Handler;
}

function emptyPart(): Part {
  const fixed = new Map<string, Part>();
  return { fixed };
}

export function splitPath(path: string): string[] {
  const clean = path.split('?')[0];
  const parts = clean.split('/');

  // Doubled slashes count as one.
  return parts.filter((part) => part.length > 0);
}

/** Decodes a part; one that cannot be decoded stays as it is. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export class Router extends EventEmitter {
  private readonly root: Part = emptyPart();
  private count = 0;

  add(path: string, handler: Handler): this {
    let part = this.root;
    for (const name of splitPath(path)) {
      part = this.step(part, name);
    }

    // The last one wins, as in a map.
    part.handler = handler;
    this.count += 1;
    this.emit('added', path);
    return this;
  }

  private step(part: Part, name: string): Part {
    if (name.startsWith(':')) {
      const known = part.named;
      if (known !== undefined) {
        return known.part;
      }
      const fresh = emptyPart();
      part.named = { name: name.slice(1), part: fresh };
      return fresh;
    }

    let next = part.fixed.get(name);
    if (next === undefined) {
      next = emptyPart();
      part.fixed.set(name, next);
    }
    return next;
  }

  find(path: string): Match | undefined {
    const values: Values = {};
    let part = this.root;
    for (const name of splitPath(path)) {
      const fixed = part.fixed.get(name);
      if (fixed !== undefined) {
        part = fixed;
        continue;
      }
      // A named part takes whatever stands there.
      if (part.named === undefined) {
        return undefined;
      }
      values[part.named.name] = decodePart(name);
      part = part.named.part;
    }
    return part.handler === undefined ? undefined : { handler: part.handler, values };
  }

  async handle(request: IncomingMessage): Promise<string> {
    const path = request.url ?? '/';
    const match = this.find(path);
    if (match === undefined) {
      this.emit('missing', path);
      return 'not found';
    }

    const started = Date.now();
    const answer = await match.handler(request, match.values);
    this.emit('handled', path, Date.now() - started);
    return answer;
  }

  get size(): number {
    const size = this.count;
    return size;
  }
}

export function joinPaths(...paths: string[]): string {
  const parts = paths.flatMap(splitPath);
  const joined = parts.join('/');

  return '/' + joined;
}

export async function all(handlers: Handler[], request: IncomingMessage): Promise<string[]> {
  const answers: string[] = [];
  for (const handler of handlers) {
    const answer = await handler(request, {});
    // Empty answers are not worth a line.
    if (answer.length > 0) {
      answers.push(answer);
    }
  }
  return answers;
}

export const withPrefix = (prefix: string, router: Router): Router => {
  const outer = new Router();
  outer.add(joinPaths(prefix, ':rest'), async (request) => router.handle(request));
  return outer;
};
