'use strict';
// What the peer serves, and the columns of its tables, read once at start.

const PREFIX = 'tbladdon_wbteampro_';
const TEXT = /char|text|enum|date|time/;

const resources = {
  projects: { singular: 'project', table: `${PREFIX}project`, key: 'project_id', parents: {} },
  actions: {
    singular: 'action',
    table: `${PREFIX}action`,
    key: 'action_id',
    parents: { projects: 'project_id' },
  },
};

async function learn(pool) {
  for (const resource of Object.values(resources)) {
    const [rows] = await pool.query(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns ' +
        'WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position',
      [resource.table],
    );
    resource.columns = new Map(rows.map((row) => [row.name, TEXT.test(row.type) ? 'text' : 'number']));
    resource.select = rows.map((row) => `\`${row.name}\``).join(', ');
  }
}

module.exports = { resources, learn };
