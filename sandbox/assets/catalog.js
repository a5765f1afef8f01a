/** What the gateway serves, as api/resources tells it, made ready for asking: what may follow what. */

/** Columns whose value is the id of a record, beside those that are named like a resource's key. */
const OTHER_LINKS = { parent_action_id: 'actions', ticket_id: 'whmcstickets' };

export class Catalog {
  /** resources: the list of that name in the answer. */
  constructor(resources) {
    this.resources = inOrder(resources).map((resource) => ({ ...resource, fields: resource.fields ?? [], below: [], verbs: verbsOf(resource) }));
    this.byName = new Map(this.resources.map((resource) => [resource.name, resource]));
    this.byKey = new Map(this.resources.filter((r) => r.key && r.key !== 'id').map((r) => [r.key, r.name]));
    this.bySingular = new Map(this.resources.map((resource) => [resource.singular, resource.name]));
    for (const resource of this.resources)
      for (const chain of resource.chains) this.#addBelow(resource, chain.split('/'));
  }

  #addBelow(resource, [parent, id, child]) {
    if (id === '{id}' && child === resource.name) this.byName.get(parent)?.below.push(resource.name);
  }

  get(name) { return this.byName.get(name); }

  /** Names that may stand behind these links: at the start any, later what hangs on the record, whose id may still be missing. */
  following(links) {
    const last = links.at(-1);
    if (!last) return this.resources.map((resource) => resource.name);
    return last.id || last.wantsId ? this.get(last.name)?.below ?? [] : [];
  }

  /** The resource whose records a column of another names, or null. */
  linkOf(column, owner) {
    if (column === 'thread_id') return owner;
    if (column === 'id' && owner === 'whmcstickets') return owner;
    return this.byKey.get(column) ?? (this.byName.has(OTHER_LINKS[column]) ? OTHER_LINKS[column] : null);
  }

  /** The resource that a member of an answer holds: its plural or its singular name. */
  resourceOfMember(name) {
    if (this.byName.has(name)) return name;
    return this.bySingular.get(name) ?? null;
  }

  /** Verbs for what has an id, or for what has none. */
  verbsFor(link) {
    return (this.get(link.name)?.verbs ?? []).filter((verb) => verb.needsId === Boolean(link.id));
  }

  field(resource, name) {
    return this.get(resource)?.fields.find((field) => field.name === name);
  }
}

/** What lives first, what describes last. */
function inOrder(resources) {
  const isAside = (resource) => ['config', 'api'].includes(resource.name);
  return [...resources.filter((resource) => !isAside(resource)), ...resources.filter(isAside)];
}

/** {name, needsId, method} of each verb; the directory's own list is one too. */
function verbsOf(resource) {
  const verbs = [];
  for (const chain of resource.chains) {
    const parts = chain.split('/');
    if (parts[0] !== resource.name || parts.at(-1).startsWith('{') || parts.length === 1) continue;
    const needsId = parts.length === 3;
    if (parts.length === 2 || parts[1] === '{id}')
      verbs.push({ name: parts.at(-1), needsId, method: parts.at(-1) === 'content' ? 'PUT' : 'GET' });
  }
  return verbs;
}

export const isNumeric = (field) => field?.type === 'integer' || field?.type === 'decimal' || field?.type === 'float';
