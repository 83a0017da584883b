const { createServer } = require('node:http');

const port = Number(process.env.PORT);
createServer((_, response) => response.end(`${process.env.NODE_APP_INSTANCE}\n`)).listen(port, '127.0.0.1', () =>
  console.log(`listens on port ${port}`),
);
