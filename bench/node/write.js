'use strict';
// Creating a timelog and updating an action: one transaction with the rows above locked, references
// looked up, their activity and the activity log kept, and the answer read back. Rows of two tables
// are locked, and touched, by one statement.

const { Refusal } = require('./refusal');
const { parse } = require('./request');
const { records } = require('./find');
const { checked, invalidAll } = require('./values');
const rules = require('./rules');

const MOST_TRIES = 5;
const PROJECT = '`tbladdon_wbteampro_project`';
const ACTION = '`tbladdon_wbteampro_action`';
const BUSY = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT']);

// A deadlock, or a lock waited for too long, is tried again from the beginning.
async function transaction(pool, work) {
  const connection = await pool.getConnection();
  try {
    for (let attempt = 1; ; attempt++) {
      await connection.query('START TRANSACTION');
      try {
        const result = await work(connection);
        await connection.query('COMMIT');
        return result;
      } catch (error) {
        await connection.query('ROLLBACK');
        if (!BUSY.has(error.code) || attempt === MOST_TRIES) {
          throw error;
        }
      }
    }
  } finally {
    connection.release();
  }
}

async function first(connection, sql, values) {
  const [rows] = await connection.execute(sql, values);
  return rows[0];
}

function writeLog(connection, { admin, address }, what) {
  return connection.execute(
    'INSERT INTO tblactivitylog (date, description, user, userid, ipaddr, admin_id) ' +
      'VALUES (NOW(), ?, ?, 0, ?, ?)',
    [`portcullis: ${admin.username} ${what}`, admin.username, address, admin.id],
  );
}

function refuseArchived(name) {
  if (name === 'archive') {
    throw new Refusal(409, 'Record Locked', 'record_locked', 'project_id');
  }
}

function missing(key) {
  return new Refusal(404, 'Record Not Found', 'record_not_found', key);
}

// Whatever a value names must be there; 0 names nothing.
async function checkReferences(connection, references, values) {
  const bad = [];
  for (const [name, sql] of Object.entries(references)) {
    if (values[name] && !(await first(connection, sql, [values[name]]))) {
      bad.push(name);
    }
  }
  if (bad.length > 0) {
    throw invalidAll(bad);
  }
}

async function insert(connection, resource, values) {
  const names = Object.keys(values);
  const sql =
    `INSERT INTO \`${resource.table}\` (${names.map((name) => `\`${name}\``).join(', ')}) ` +
    `VALUES (${names.map(() => '?').join(', ')})`;
  const [result] = await connection.execute(sql, Object.values(values));
  return result.insertId;
}

// projects/{id}/actions/{id}/timelogs
function createTimelog(pool, links, caller, params) {
  const [project, action, { resource }] = links;
  const above = { project_id: project.id, action_id: action.id };
  const given = checked(resource, rules.timelogs, params, true);
  const bad = Object.keys(above).filter((name) => name in given && given[name] !== above[name]);
  if (bad.length > 0) {
    throw invalidAll(bad);
  }
  const values = { ...resource.empty, ...given, ...above, owner_adminid: caller.admin.id };
  const rows = 'a.action_id = ? AND a.project_id = ?';
  const ids = [action.id, project.id];
  const both = `${ACTION} a JOIN ${PROJECT} p ON p.project_id = a.project_id`;
  return transaction(pool, async (connection) => {
    const found = await first(
      connection,
      `SELECT p.project_function AS name FROM ${both} WHERE ${rows} FOR UPDATE`,
      ids,
    );
    if (!found) {
      throw missing('action_id');
    }
    refuseArchived(found.name);
    await checkReferences(connection, rules.timelogs.references, values);
    const id = await insert(connection, resource, values);
    await connection.execute(
      `UPDATE ${both} SET a.date_activity = NOW(), p.date_activity = NOW() WHERE ${rows}`,
      ids,
    );
    await writeLog(connection, caller, `created timelog ${id}`);
    const response = await records(connection, [project, action, { ...links[2], id }]);
    response.data.filters = above;
    return response;
  });
}

function changesOf(values, kept, stored) {
  const changes = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== stored[name]) {
      changes[name] = value;
    }
  }
  const bad = Object.keys(changes).filter((name) => kept.has(name));
  if (bad.length > 0) {
    throw invalidAll(bad);
  }
  return changes;
}

// Columns in the table's order, so that equal sets of them are one prepared statement.
function storeAction(connection, resource, id, changes) {
  const names = [...resource.fields.keys()].filter((name) => name in changes);
  return connection.execute(
    `UPDATE ${ACTION} a LEFT JOIN ${PROJECT} p ON p.project_id = a.project_id SET ` +
      names.map((name) => `a.\`${name}\` = ?, `).join('') +
      'a.date_modified = NOW(), a.date_activity = NOW(), p.date_activity = NOW() ' +
      'WHERE a.action_id = ?',
    [...names.map((name) => changes[name]), id],
  );
}

// actions/{id}
function updateAction(pool, links, caller, params) {
  const [{ resource, id }] = links;
  const values = checked(resource, rules.actions, params, false);
  return transaction(pool, async (connection) => {
    const stored = await first(
      connection,
      `SELECT a.*, p.project_function FROM ${ACTION} a LEFT JOIN ${PROJECT} p ` +
        'ON p.project_id = a.project_id WHERE a.action_id = ? FOR UPDATE',
      [id],
    );
    if (!stored) {
      throw missing('action_id');
    }
    refuseArchived(stored.project_function);
    const changes = changesOf(values, rules.actions.kept, stored);
    await checkReferences(connection, rules.actions.references, changes);
    if (Object.keys(changes).length > 0) {
      await storeAction(connection, resource, id, changes);
      await writeLog(connection, caller, `updated action ${id} (${Object.keys(changes).join(', ')})`);
    }
    return records(connection, links);
  });
}

const WAYS = {
  'POST projects/{id}/actions/{id}/timelogs': createTimelog,
  'PUT actions/{id}': updateAction,
};

function write(pool, method, links, caller, text) {
  const names = links.map(({ name, id }) => (id === null ? name : `${name}/{id}`));
  const way = WAYS[`${method} ${names.join('/')}`];
  if (!way) {
    throw new Refusal(405, 'Method Not Allowed', 'method_not_allowed', null);
  }
  return way(pool, links, caller, parse(text));
}

module.exports = { write };
