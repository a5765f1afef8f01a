/** What the gateway's errors mean to people. */

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
  files_unavailable: 'The gateway cannot reach its files; try again in a moment.',
  api_off: 'The add-on’s own setting switches the API off.', resource_off: 'The table behind it is missing or not usable; portcullis check tells why.',
  fate_unknown: 'The connection to the database was lost during the commit. Look whether it was stored before you send it again.',
  AMP001: 'Give the identifier of a WHMCS API credential whose administrator is active, under “API ID”.', AMP002: 'The action is create.',
  AMP003: 'Fill in what the description names.', GW004: 'There is no service with this id (tblhosting).', GW005: 'The description names field and value.',
  GW006: 'This address is banned, or asks too often.', GW007: 'Nothing was stored; try again after Retry-After.', GW008: 'The body could not be read.',
};

export const errorHelp = (code) => ERRORS[code] ?? '';

export function attemptsText(left) {
  if (left <= 0) return 'No tries are left: this address is banned now.';
  return left === 1 ? 'One try is left before this address is banned.' : `${left} tries are left before this address is banned.`;
}
