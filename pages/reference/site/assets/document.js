/**
 * Makes the gateway's document ready for the renderer: what that leaves out of its page is put into descriptions. What
 * people save is the document as it came.
 */

const METHODS = ['get', 'post', 'put', 'delete'];

function resolve(document, item) {
  let found = item;
  for (let depth = 0; found?.$ref && depth < 8; depth++)
    found = found.$ref.replace(/^#\//, '').split('/').reduce((here, name) => here?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  return found ?? item;
}

const code = (value) => `\`${value}\``;

/** The renderer tells values and defaults of bodies, but not of parameters, whose fields it does not show here. */
function dressParameter(document, parameter) {
  const schema = resolve(document, parameter.schema ?? {});
  const words = [parameter.description ?? schema.description];
  if (schema.enum && !/one of/i.test(words[0] ?? '')) words.push(`One of ${schema.enum.filter((value) => value !== null).map(code).join(', ')}.`);
  if (schema.default !== undefined) words.push(`Without it: ${code(schema.default)}.`);
  if (parameter.content && !/JSON/.test(words[0] ?? '')) words.push('As JSON.');
  parameter.description = words.filter(Boolean).join(' ');
  if (parameter.content && !parameter.schema) parameter.schema = { type: 'object' };
}

/** The sandbox's address of an operation: its chain, with {id} where an id is to be filled in. */
export function sandboxLink(base, path, method) {
  if (path.includes('abusemanagerpro') || !path.startsWith(`${base}/api.php/v1/`)) return path.startsWith(base) ? null : '../sandbox/#/abuse/create';
  const chain = path.slice(`${base}/api.php/`.length).replace(/\/\{format\}$/, '').replace(/\{lists\}/, 'actions,timelogs').replace(/\{[^}]*\}/g, '{id}');
  return `../sandbox/#/${chain}/json${method === 'get' ? '' : `?method=${method}`}`;
}

function dressOperation(document, base, path, method, operation) {
  const link = sandboxLink(base, path, method);
  if (link) operation.description = [operation.description, `[Open it in the sandbox](${link})`].filter(Boolean).join('\n\n');
  operation.parameters = (operation.parameters ?? []).map((item) => {
    const parameter = structuredClone(resolve(document, item));
    dressParameter(document, parameter);
    return parameter;
  });
}

export function dress(document, base) {
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS)
      if (item[method]) dressOperation(document, base, path, method, item[method]);
  return document;
}
