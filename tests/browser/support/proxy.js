// A connection to the pages that can be cut, as by a lost network.

import net from "node:net";

/** Forwards everything to this address until it is cut; then it refuses connections until it is restored. */
export async function proxyTo(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let isCut = false;
  const server = net.createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => { open.delete(from); to.destroy(); });
      from.pipe(to);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    mend() { isCut = false; },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
