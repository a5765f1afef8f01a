/** Words for people: what columns mean, what an error wants. */

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

/** What to do about an error, by its code. */
const ERRORS = {
  authentication_failed: 'Check user and password. The API takes the MD5 of the password; this page makes it for you.',
  role_denied: 'The login is right, but the administrator’s role is not in the add-on’s access list. Add the role in WHMCS under Addon Modules.',
  ip_banned: 'Wait until the ban ends, or have it lifted: portcullis bans remove ADDRESS, or delete its row in WHMCS under Banned IPs.',
  rate_limited: 'Send fewer requests; Retry-After tells when the next one may come.',
  record_not_found: 'No such record, or it is hidden from this administrator. In a chain every id must belong to the record before it.',
  unknown_resource: 'The address names something that is not served. Resources on the left are all there is.',
  unknown_parameter: 'Inside params only known names are allowed; the detail lists them.',
  invalid_value: 'The value does not fit the column: its type, its length, or the values it takes.',
  required_missing: 'Fill in the fields marked as required.',
  method_not_allowed: 'The resource exists, but is not written this way. The Allow header tells what is.',
  record_locked: 'The project is archived, or the thread closed. Change that first.',
  invoiced: 'Time that was invoiced would be deleted. Set force to delete it all the same.',
  precondition_failed: 'The record has changed since you read it. Read it again and use the new ETag.',
  bad_idempotency_key: 'This key was used for another request. Make a new one.',
  bad_json: 'params must be a JSON object, or for POST a list of objects.',
  bad_cursor: 'A cursor belongs to one sorting and one set of filters. Start again from the first page.',
  bad_id: 'An id is a whole number from 1 on.', bad_format: 'The last part of the chain is json or xml.', bad_version: 'The chain begins with v1.',
  queue_full: 'The gateway is busy; try again in a moment.', database_unavailable: 'The gateway cannot reach its database; try again in a moment.',
  deadline: 'The answer took too long. Narrow the filters, or ask for fewer rows.', overloaded: 'The gateway is busy; try again in a moment.',
  too_large: 'The body is larger than the gateway takes.', disk_full: 'The gateway’s disk is full. Nothing was stored.', uploads_off: 'No folder for files is set up on this gateway (files.root).',
  api_off: 'The add-on’s own setting switches the API off.', resource_off: 'The table behind it is missing or not usable; portcullis check tells why.',
  fate_unknown: 'The connection to the database was lost during the commit. Look whether it was stored before you send it again.',
  AMP001: 'Give the identifier of a WHMCS API credential whose administrator is active, under “API ID”.', AMP002: 'The action is create.',
  AMP003: 'Fill in what the description names.', GW004: 'There is no service with this id (tblhosting).', GW005: 'The description names field and value.',
  GW006: 'This address is banned, or asks too often.', GW007: 'Nothing was stored; try again after Retry-After.', GW008: 'The body could not be read.',
};

export const errorHelp = (code) => ERRORS[code] ?? '';

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
