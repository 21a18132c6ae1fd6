// The IPFS project's own stand-in for services of the Pinning Service API: it checks every request
// against the API's OpenAPI document. A pin's status follows from its name: `pinned-…`, `failed-…`,
// otherwise queued.
//
//   node server.cjs TOKEN    {"url"} first, until stdin ends
"use strict";

const http = require("node:http");
const { setup } = require("mock-ipfs-pinning-service");

const main = async () => {
  const service = await setup({ token: process.argv[2], loglevel: "error", strict: false });
  const server = http.createServer(service);
  server.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
  });
  process.stdin.on("end", () => process.exit(0)).resume();
};

main();
