// A language model of the tests: a real HTTP server on loopback that speaks the streaming chat API and sends each piece when told to.

import { once } from "node:events";
import { createServer } from "node:http";

export async function startModel() {
  /** @type {string[]} */ const bodies = [];
  let hungUp = 0;
  /** @type {import("node:http").ServerResponse | undefined} */ let open;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const data of request) body += data;
    bodies.push(body);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    response.on("close", () => {
      if (!response.writableEnded) hungUp += 1;
    });
    open = response;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    bodies,
    /** How many answers the client did not wait for the end of. */
    hungUp: () => hungUp,
    /** @param {string} text */
    say: (text) => {
      const choices = [{ index: 0, delta: { role: "assistant", content: text }, finish_reason: null }];
      open?.write(`data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "test", choices })}\n\n`);
    },
    end: () => open?.end(`data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "test", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
