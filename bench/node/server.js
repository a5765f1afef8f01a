'use strict';
// The bench's routes of the Remote API on fastify and mysql2, in a cluster of two processes.
// Settings: BENCH_PORT, BENCH_SOCKET, BENCH_USER, BENCH_PASSWORD, BENCH_DATABASE, BENCH_WORKERS.

const cluster = require('node:cluster');
const querystring = require('node:querystring');
const fastify = require('fastify');
const mysql = require('mysql2/promise');
const { learn } = require('./catalog');
const { login } = require('./login');
const { chain, finding } = require('./request');
const { list, records } = require('./find');
const { write } = require('./write');
const { Refusal } = require('./refusal');

const BASE = '/modules/addons/wbteampro/api.php/';
const PROCESSES = 2;

async function answer(pool, links, query) {
  const last = links.at(-1);
  if (last.id !== null) {
    return records(pool, links);
  }
  const above = links.at(-2);
  const own = above ? { [last.resource.parents[above.name]]: above.id } : {};
  const response = await records(pool, links.slice(0, -1));
  const { data, rows } = await list(pool, last.resource, finding(last.resource, own, query.params));
  response.data = data;
  response[last.name] = rows;
  return response;
}

async function serveOne(pool, request, reply) {
  const { method } = request;
  let action = '';
  try {
    const parsed = chain(request.params['*']);
    action = parsed.action;
    const input = { ...request.query, ...request.body };
    const admin = await login(pool, input.username, input.password);
    const response = method === 'GET'
      ? await answer(pool, parsed.links, input)
      : await write(pool, method, parsed.links, { admin, address: request.ip }, input.params);
    return send(reply, { action, method, code: 200, message: 'Success' }, response);
  } catch (error) {
    return refuse(reply, method, action, error);
  }
}

function refuse(reply, method, action, error) {
  const known = error instanceof Refusal;
  const code = known ? error.status : 500;
  const message = known ? error.message : 'Internal Server Error';
  const errors = known ? error.errors : [{ code: 'internal', field: null, detail: message }];
  reply.code(code);
  return send(reply, { action: error.action ?? action, method, code, message }, { errors });
}

function send(reply, { action, method, code, message }, response) {
  reply.header('content-type', 'application/json; charset=utf-8');
  reply.header('cache-control', 'private, no-cache');
  const request = { action, method, format: 'json', code, message };
  return reply.send(JSON.stringify({ request, response }));
}

async function serve() {
  const pool = mysql.createPool({
    socketPath: process.env.BENCH_SOCKET,
    user: process.env.BENCH_USER,
    password: process.env.BENCH_PASSWORD,
    database: process.env.BENCH_DATABASE,
    connectionLimit: Number(process.env.BENCH_WORKERS),
    charset: 'utf8mb4',
    dateStrings: true,
  });
  await learn(pool);
  const app = fastify({ logger: false, keepAliveTimeout: 75000 });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => done(null, querystring.parse(body)),
  );
  app.route({
    method: ['GET', 'POST', 'PUT'],
    url: `${BASE}*`,
    handler: (request, reply) => serveOne(pool, request, reply),
  });
  if (global.gc) {
    setInterval(global.gc, 500); // idle connections are weighed without the garbage of making them
  }
  await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT), backlog: 4096 });
}

if (cluster.isPrimary) {
  for (let i = 0; i < PROCESSES; i++) {
    cluster.fork();
  }
  const stop = () => {
    for (const worker of Object.values(cluster.workers)) {
      worker.process.kill('SIGKILL');
    }
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  cluster.on('exit', () => process.exit(1));
} else {
  serve().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
