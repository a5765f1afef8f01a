/** Words for people: what columns mean, what times and sizes are. */

const COLUMNS = {
  project_id: 'The project it belongs to.', action_id: 'The action it belongs to.',
  parent_action_id: 'The action above it; 0 for none.', thread_id: 'Id of the thread’s first row; leave out to begin a thread.',
  ticket_id: 'A support ticket’s id.', client_userid: 'A client’s id; 0 for none.', client_hostingid: 'A service’s id (tblhosting); 0 for none.',
  client_contactid: 'A contact’s id; 0 for none.', manager_adminid: 'Administrator who manages it; 0 for none.',
  assigned_adminid: 'Administrator it is assigned to; 0 for anybody.', owner_adminid: 'Who created it.',
  project_complete: 'Percent, 0 to 100.', action_complete: 'Percent, 0 to 100.', action_priority: '1 to 3.',
  action_duration: 'Seconds.', timelog_elapsed: 'Seconds.', ordering: 'Place among its siblings.',
  billable: '1 yes, 0 no.', timelog_billable: '1 yes, 0 no.', invoice_id: 'Invoice it went into; 0 for none.',
  project_function: 'An archived project refuses writes.', visible_status: 'Who may see it.', topic_status: 'A closed thread refuses posts.',
  file_status: 'A closed thread refuses versions.', file_name: 'Name that downloads are given.', file_mime: 'Media type, text/plain for one.',
  file_content: 'The bytes in base64, for small files.',
};
const TYPES = { integer: 'whole number', decimal: 'decimal number', float: 'number', date: 'YYYY-MM-DD', datetime: 'YYYY-MM-DD HH:MM:SS', time: 'HH:MM:SS', string: 'text', text: 'text', binary: 'base64' };

export const typeWords = (field) => TYPES[field.type] ?? field.type;
export const columnHelp = (name) => COLUMNS[name] ?? '';

/** What a verb does, for a list of things to do. */
const VERBS = { bythread: 'By thread', download: 'Download', content: 'Replace the bytes' };
export const verbWords = (name) => VERBS[name] ?? name;

export const METHOD_WORDS = { GET: 'Read', POST: 'Create', PUT: 'Update', DELETE: 'Delete' };
const PHASES = {
  parse: 'reading the request', auth: 'checking the login', queue: 'waiting for a worker', db: 'the database', render: 'writing the answer', write: 'sending',
};
export const phaseWords = (name) => PHASES[name] ?? name;

export function bytesText(count) {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = count;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit++; }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const milliseconds = (value) => (value < 10 ? `${value.toFixed(value < 1 ? 2 : 1)} ms` : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`);
