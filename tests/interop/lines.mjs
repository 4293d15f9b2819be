// The protocol of the peers: a JSON object per line. `{id, op, ...}` is answered by `{id, ok}` or `{id, error}`, in any
// order; lines with `event` come by themselves.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

const out = process.stdout;
// What a library prints must not end up between our lines.
console.log = console.info = console.debug = console.error;

/** Writes a line. Big integers become text: they do not fit into JSON's numbers. */
export function emit(value) {
  out.write(`${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? part.toString() : part))}\n`);
}

/** Answers requests from a table of operations until the input ends. */
export function serve(operations) {
  emit({ event: 'ready' });
  const lines = createInterface({ input: process.stdin, output: new Writable() });
  lines.on('line', async (line) => {
    const request = JSON.parse(line);
    try {
      const operation = operations[request.op];
      if (!operation) throw new Error(`there is no operation ${request.op}`);
      emit({ id: request.id, ok: (await operation(request)) ?? null });
    } catch (error) {
      emit({ id: request.id, error: String(error?.message ?? error) });
    }
  });
  // The tests are over, or have died: so are we. Open clients would keep the process alive.
  lines.on('close', () => process.exit(0));
}
