'use strict';
// What the peer serves, and the columns of its tables, read once at start.

const PREFIX = 'tbladdon_wbteampro_';
const TEXT = /char|text|enum|date|time/;

const RANGES = { tinyint: 2 ** 7, smallint: 2 ** 15, mediumint: 2 ** 23, int: 2 ** 31, bigint: 2 ** 53 };

const resources = {
  projects: { singular: 'project', table: `${PREFIX}project`, key: 'project_id', parents: {} },
  actions: {
    singular: 'action',
    table: `${PREFIX}action`,
    key: 'action_id',
    parents: { projects: 'project_id' },
  },
  timelogs: {
    singular: 'timelog',
    table: `${PREFIX}timelog`,
    key: 'timelog_id',
    parents: { projects: 'project_id', actions: 'action_id' },
  },
};

// What a value must be to be written.
function field({ type, most }) {
  if (type in RANGES) {
    return { kind: 'integer', low: -RANGES[type], high: RANGES[type] - 1 };
  }
  return type === 'date' || type === 'datetime' ? { kind: type } : { kind: 'text', most };
}

async function learn(pool) {
  for (const resource of Object.values(resources)) {
    const [rows] = await pool.query(
      'SELECT column_name AS name, data_type AS type, character_maximum_length AS most, ' +
        "is_nullable = 'NO' AND column_default IS NULL AND extra = '' AS is_needed " +
        'FROM information_schema.columns ' +
        'WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position',
      [resource.table],
    );
    resource.columns = new Map(rows.map((row) => [row.name, TEXT.test(row.type) ? 'text' : 'number']));
    resource.fields = new Map(rows.map((row) => [row.name, field(row)]));
    resource.empty = Object.fromEntries(rows.filter((row) => row.is_needed).map((row) => [row.name, '']));
    resource.select = rows.map((row) => `\`${row.name}\``).join(', ');
  }
}

module.exports = { resources, learn };
