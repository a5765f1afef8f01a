'use strict';
// The bench's routes of the Remote API on fastify and mysql2, in a cluster of two processes.
// Settings: BENCH_PORT, BENCH_SOCKET, BENCH_USER, BENCH_PASSWORD, BENCH_DATABASE, BENCH_WORKERS.

const cluster = require('node:cluster');
const fastify = require('fastify');
const mysql = require('mysql2/promise');
const { learn } = require('./catalog');
const { login } = require('./login');
const { chain, finding } = require('./request');
const { record, list } = require('./find');
const { Refusal } = require('./refusal');

const BASE = '/modules/addons/wbteampro/api.php/';
const PROCESSES = 2;

async function answer(pool, action, links, query) {
  await login(pool, query.username, query.password);
  const response = { data: null };
  const parents = {};
  let parent = null;
  for (const link of links) {
    const { resource } = link;
    if (link.id === null) {
      const own = parent ? { [resource.parents[parent.name]]: parent.id } : {};
      const { data, rows } = await list(pool, resource, finding(resource, own, query.params));
      response.data = data;
      response[link.name] = rows;
      return response;
    }
    response[resource.singular] = await record(pool, link, parent);
    parents[resource.key] = link.id;
    parent = link;
  }
  response.data = {
    total: 1, page: 1, pages: 1, page_count: 1, limit: 1, offset: 0, filters: parents,
  };
  return response;
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
  app.get(`${BASE}*`, async (request, reply) => {
    let action = '';
    try {
      const parsed = chain(request.params['*']);
      action = parsed.action;
      const response = await answer(pool, action, parsed.links, request.query);
      return send(reply, { action, method: 'GET', code: 200, message: 'Success' }, response);
    } catch (error) {
      return refuse(reply, 'GET', action, error);
    }
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
