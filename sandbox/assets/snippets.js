/**
 * The request as programs, each whole: saved to a file and run, it asks and prints what it was given. Answers in JSON are
 * walked, one row a line; answers in XML are printed.
 */
import { Exact, isNumber } from './json.js';
import { addressOf, authorizationOf, isDownload, needsFile, paramsOf, paramsText, resultMembers } from './request.js';

export const LANGUAGES = [
  ['address', 'Address'], ['curl', 'curl'], ['php', 'PHP'], ['python', 'Python'], ['javascript', 'JavaScript'], ['go', 'Go'],
];
export const FILE_NAMES = { curl: 'request.sh', php: 'request.php', python: 'request.py', javascript: 'request.mjs', go: 'request.go' };

/** Everything a snippet is made of. user: {name, hash}; form: which address. */
export function describe({ apiUrl, abuseUrl, request, catalog, user, apiId, form }) {
  if (request.api === 'abuse') return describeAbuse(abuseUrl, request, apiId);
  const { url, action } = addressOf(apiUrl, request, form);
  const { value } = paramsOf(request, catalog);
  const text = paramsText(request, catalog);
  const headers = [];
  if (request.ifMatch) headers.push(['If-Match', request.ifMatch]);
  if (request.idempotencyKey && request.method === 'POST') headers.push(['Idempotency-Key', request.idempotencyKey]);
  if (needsFile(request)) headers.push(authorizationOf(user));
  const fileName = request.file?.name ?? 'example.txt';
  return {
    method: request.method, url, headers,
    fields: [...(action ? [['action', action]] : []), ...(needsFile(request) ? [] : [['username', user.name], ['password', user.hash]])],
    params: text ? value : null,
    paramsText: text,
    upload: request.method === 'POST' && request.file ? fileName : null,
    bytes: needsFile(request) ? fileName : null,
    saveAs: isDownload(request) ? 'download.bin' : null,
    isXml: request.format === 'xml',
    members: resultMembers(request, catalog),
  };
}

function describeAbuse(url, request, apiId) {
  const filled = Object.entries(request.abuse).filter(([, value]) => value !== '' && value !== false);
  return {
    method: 'POST', url, headers: [['API-ID', apiId]], params: null, upload: null, bytes: null, saveAs: null, isXml: false,
    fields: [['action', 'create'], ...filled.map(([name, value]) => [name, value === true ? 'true' : value])],
    members: [], isAbuse: true,
  };
}

const wellFormed = (text) => (text.toWellFormed ? text.toWellFormed() : text);
/** In single quotes, as most write it, where nothing has to be escaped. */
function quoteJs(value) {
  const text = wellFormed(String(value));
  return /['\\\u0000-\u001f\u2028\u2029]/.test(text) ? JSON.stringify(text) : `'${text}'`;
}
const quoteShell = (value) => `'${String(value).replaceAll("'", `'\\''`)}'`;
const quotePhp = (value) => `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const quoteGo = (value) => JSON.stringify(wellFormed(String(value)));
/** Python's short form, as Python itself would print it. */
function quotePython(value) {
  const text = wellFormed(String(value));
  if (/[\\'\u0000-\u001f\u007f]/.test(text)) return JSON.stringify(text).replaceAll('\u007f', '\\x7f');
  return `'${text}'`;
}

/* --- a tree as a literal --------------------------------------------------------------------------- */

const STYLES = {
  php: { open: '[', close: ']', listOpen: '[', listClose: ']', pair: ' => ', key: quotePhp, string: quotePhp, words: { true: 'true', false: 'false', null: 'null' } },
  python: { open: '{', close: '}', listOpen: '[', listClose: ']', pair: ': ', key: quotePython, string: quotePython, words: { true: 'True', false: 'False', null: 'None' } },
  javascript: { open: '{ ', close: ' }', listOpen: '[', listClose: ']', pair: ': ', key: jsKey, string: quoteJs, words: { true: 'true', false: 'false', null: 'null' } },
};

function jsKey(name) {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : quoteJs(name);
}

const STEP = { php: 4, python: 4, javascript: 2 };

function literal(value, language, indent) {
  const style = STYLES[language];
  if (value === null || typeof value === 'boolean') return style.words[value];
  if (isNumber(value)) return String(value);
  if (typeof value === 'string') return style.string(value);
  const isList = Array.isArray(value);
  const parts = isList ? value.map((item) => literal(item, language, indent + STEP[language]))
    : Object.entries(value).map(([name, item]) => style.key(name) + style.pair + literal(item, language, indent + STEP[language]));
  const open = isList ? style.listOpen : style.open;
  const close = isList ? style.listClose : style.close;
  if (!parts.length) return language === 'javascript' && !isList ? '{}' : open.trim() + close.trim();
  const line = open + parts.join(', ') + close;
  if (line.length + indent <= 72 && !line.includes('\n')) return line;
  const pad = ' '.repeat(indent + STEP[language]);
  return `${open.trim()}\n${parts.map((part) => `${pad}${part},\n`).join('')}${' '.repeat(indent)}${close.trim()}`;
}

/** Numbers that survive being a literal and being printed as JSON again. */
const KEPT = { php: /^-?[1-9]\d{0,17}$/, python: /^-?[1-9]\d{0,999}$/, javascript: /^(?!)/ };

function isKept(value, language) {
  if (value instanceof Exact) return KEPT[language].test(value.source);
  return value === null || typeof value !== 'object' || Object.values(value).every((one) => isKept(one, language));
}

/** params as an expression: a literal and what makes JSON of it, or the text where the language would change a number. */
function paramsExpression(d, language, call, indent) {
  if (!isKept(d.params, language)) return STYLES[language].string(d.paramsText);
  return `${call}(${literal(d.params, language, indent)})`;
}

/* --- curl --------------------------------------------------------------------------------------- */

function curl(d) {
  const pairs = [...d.fields, ...(d.params ? [['params', d.paramsText]] : [])];
  const how = d.upload ? '--form-string' : '--data-urlencode';
  const lines = ['curl -sS'];
  if (d.method === 'GET') lines[0] += ' --get';
  else if (d.method !== 'POST') lines[0] += ` -X ${d.method}`;
  lines[0] += ` ${quoteShell(d.bytes && pairs.length ? `${d.url}?${new URLSearchParams(pairs)}` : d.url)}`;
  for (const [name, value] of d.headers) lines.push(`-H ${quoteShell(`${name}: ${value}`)}`);
  if (!d.bytes) for (const [name, value] of pairs) lines.push(`${how} ${quoteShell(`${name}=${value}`)}`);
  if (d.upload) lines.push(`-F ${quoteShell(`file=@"${d.upload.replace(/(["\\])/g, '\\$1')}"`)}`);
  if (d.bytes) lines.push("-H 'Content-Type: application/octet-stream'", `--data-binary ${quoteShell(`@${d.bytes}`)}`);
  if (d.saveAs) lines.push(`--output ${d.saveAs}`);
  return `${lines.join(' \\\n    ')}\n`;
}

/* --- PHP ---------------------------------------------------------------------------------------- */

function php(d) {
  const hasFields = d.fields.length > 0 || d.params;
  const out = ['<?php', `$url = ${quotePhp(d.url)};`, ...(hasFields ? ['$fields = ['] : [])];
  for (const [name, value] of d.fields) out.push(`    ${quotePhp(name)} => ${quotePhp(value)},`);
  if (d.params) out.push(`    'params' => ${paramsExpression(d, 'php', 'json_encode', 4)},`);
  if (d.upload) out.push(`    'file' => new CURLFile(${quotePhp(d.upload)}),`);
  out.push(...(hasFields ? ['];'] : []), '');
  const inQuery = d.method === 'GET' || d.bytes;
  out.push(`$curl = curl_init(${inQuery && hasFields ? "$url . '?' . http_build_query($fields)" : '$url'});`, 'curl_setopt_array($curl, [');
  out.push('    CURLOPT_RETURNTRANSFER => true,');
  if (!['GET', 'POST'].includes(d.method)) out.push(`    CURLOPT_CUSTOMREQUEST => ${quotePhp(d.method)},`);
  if (!inQuery) out.push(`    CURLOPT_POSTFIELDS => ${d.upload ? '$fields' : 'http_build_query($fields)'},`);
  if (d.bytes) out.push(`    CURLOPT_POSTFIELDS => file_get_contents(${quotePhp(d.bytes)}),`);
  const headers = [...d.headers, ...(d.bytes ? [['Content-Type', 'application/octet-stream']] : [])];
  if (headers.length) out.push(`    CURLOPT_HTTPHEADER => [${headers.map(([n, v]) => quotePhp(`${n}: ${v}`)).join(', ')}],`);
  out.push(']);', '$body = curl_exec($curl);', 'if ($body === false) {', '    fwrite(STDERR, curl_error($curl) . "\\n");', '    exit(1);', '}');
  return `${[...out, ...phpEnd(d)].join('\n')}\n`;
}

function phpEnd(d) {
  if (d.saveAs) return [`file_put_contents('${d.saveAs}', $body);`, "echo strlen($body), \" bytes saved\\n\";"];
  if (d.isXml) return ['echo $body, "\\n";'];
  const out = ['', '$answer = json_decode($body, true);'];
  if (d.isAbuse) return [...out, "if ($answer['status'] !== 'success') {",
    "    fwrite(STDERR, $answer['error_code'] . ' ' . $answer['error_description'] . \"\\n\");", '    exit(1);', '}',
    "echo 'Report ', $answer['report_id'], \"\\n\";"];
  out.push("if ($answer['request']['code'] !== 200) {");
  out.push("    fwrite(STDERR, $answer['request']['message'] . \"\\n\");");
  out.push("    foreach ($answer['response']['errors'] as $error) {", "        fwrite(STDERR, $error['field'] . ': ' . $error['detail'] . \"\\n\");", '    }', '    exit(1);', '}');
  const flags = 'JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES';
  for (const [name, isList] of d.members) {
    if (isList) out.push(`foreach ($answer['response'][${quotePhp(name)}] as $row) {`, `    echo json_encode($row, ${flags}), "\\n";`, '}');
    else out.push(`echo json_encode($answer['response'][${quotePhp(name)}], ${flags}), "\\n";`);
  }
  return out;
}

/* --- Python ------------------------------------------------------------------------------------- */

function python(d) {
  const walks = !d.saveAs && !d.isXml && !d.isAbuse;
  const usesJson = d.params && isKept(d.params, 'python');
  const out = [...(walks || usesJson ? ['import json'] : []), ...(walks || d.isAbuse ? ['import sys'] : []), ...(walks || usesJson || d.isAbuse ? [''] : []), 'import requests', ''];
  const hasFields = d.fields.length > 0 || d.params;
  if (hasFields) out.push('fields = {');
  for (const [name, value] of d.fields) out.push(`    ${quotePython(name)}: ${quotePython(value)},`);
  if (d.params) out.push(`    'params': ${paramsExpression(d, 'python', 'json.dumps', 4)},`);
  if (hasFields) out.push('}');
  const more = hasFields ? [d.method === 'GET' || d.bytes ? 'params=fields' : 'data=fields'] : [];
  if (d.upload) more.push(`files={'file': open(${quotePython(d.upload)}, 'rb')}`);
  if (d.bytes) more.push(`data=open(${quotePython(d.bytes)}, 'rb')`);
  const headers = [...d.headers, ...(d.bytes ? [['Content-Type', 'application/octet-stream']] : [])];
  if (headers.length) more.push(`headers={${headers.map(([n, v]) => `${quotePython(n)}: ${quotePython(v)}`).join(', ')}}`);
  out.push(`response = requests.${d.method.toLowerCase()}(`, `    ${quotePython(d.url)},`, ...more.map((one) => `    ${one},`), '    timeout=30,', ')');
  return `${[...out, ...pythonEnd(d)].join('\n')}\n`;
}

function pythonEnd(d) {
  if (d.saveAs) return ['response.raise_for_status()', `with open('${d.saveAs}', 'wb') as file:`, '    file.write(response.content)', "print(len(response.content), 'bytes saved')"];
  if (d.isXml) return ['print(response.text)'];
  const out = ['', 'answer = response.json()'];
  if (d.isAbuse) return [...out, "if answer['status'] != 'success':", "    sys.exit(answer['error_code'] + ' ' + answer['error_description'])", "print('Report', answer['report_id'])"];
  out.push("if answer['request']['code'] != 200:", "    for error in answer['response']['errors']:", "        print(error['field'], error['detail'], file=sys.stderr)", "    sys.exit(answer['request']['message'])");
  for (const [name, isList] of d.members) {
    const from = `answer['response'][${quotePython(name)}]`;
    if (isList) out.push(`for row in ${from}:`, '    print(json.dumps(row, ensure_ascii=False))');
    else out.push(`print(json.dumps(${from}, ensure_ascii=False))`);
  }
  return out;
}

/* --- JavaScript --------------------------------------------------------------------------------- */

function javascript(d) {
  const out = [];
  if (d.upload || d.bytes) out.push("import { readFile } from 'node:fs/promises';");
  if (d.saveAs) out.push("import { writeFile } from 'node:fs/promises';");
  if (out.length) out.push('');
  const hasFields = d.fields.length > 0 || d.params;
  if (hasFields) out.push(`const fields = new ${d.upload ? 'FormData' : 'URLSearchParams'}(${d.upload ? '' : '{'}`);
  const pairs = [...d.fields.map(([name, value]) => [jsKey(name), quoteJs(value)]),
    ...(d.params ? [['params', paramsExpression(d, 'javascript', 'JSON.stringify', d.upload ? 0 : 2)]] : [])];
  if (d.upload) {
    out[out.length - 1] += ');';
    for (const [name, value] of pairs) out.push(`fields.append('${name}', ${value});`);
    out.push(`fields.append('file', new Blob([await readFile(${quoteJs(d.upload)})]), ${quoteJs(d.upload)});`);
  } else if (hasFields) {
    for (const [name, value] of pairs) out.push(`  ${name}: ${value},`);
    out.push('});');
  }
  return `${[...out, ...jsFetch(d, hasFields), ...jsEnd(d)].join('\n')}\n`;
}

function jsFetch(d, hasFields) {
  const options = [];
  if (d.method !== 'GET') options.push(`method: '${d.method}'`);
  const headers = [...d.headers, ...(d.bytes ? [['Content-Type', 'application/octet-stream']] : [])];
  if (headers.length) options.push(`headers: { ${headers.map(([n, v]) => `${quoteJs(n)}: ${quoteJs(v)}`).join(', ')} }`);
  if (d.bytes) options.push(`body: await readFile(${quoteJs(d.bytes)})`);
  else if (d.method !== 'GET') options.push('body: fields');
  const inQuery = (d.method === 'GET' || d.bytes) && hasFields;
  const url = inQuery ? `\`${d.url.replace(/[`\\$]/g, '\\$&')}?\${fields}\`` : quoteJs(d.url);
  if (!options.length) return [`const response = await fetch(${url});`];
  return [`const response = await fetch(${url}, {`, ...options.map((one) => `  ${one},`), '});'];
}

function jsEnd(d) {
  if (d.saveAs) return ["if (!response.ok) throw new Error(`HTTP ${response.status}`);", 'const bytes = Buffer.from(await response.arrayBuffer());',
    `await writeFile('${d.saveAs}', bytes);`, 'console.log(bytes.length, \'bytes saved\');'];
  if (d.isXml) return ['console.log(await response.text());'];
  const out = ['const answer = await response.json();', ''];
  if (d.isAbuse) return [...out, "if (answer.status !== 'success') throw new Error(`${answer.error_code} ${answer.error_description}`);", "console.log('Report', answer.report_id);"];
  out.push('if (answer.request.code !== 200) {', '  for (const error of answer.response.errors) console.error(error.field, error.detail);', '  throw new Error(answer.request.message);', '}');
  for (const [name, isList] of d.members) {
    if (isList) out.push(`for (const row of answer.response.${name}) console.log(JSON.stringify(row));`);
    else out.push(`console.log(JSON.stringify(answer.response.${name}));`);
  }
  return out;
}

/* --- Go ----------------------------------------------------------------------------------------- */

function go(d) {
  const imports = new Set(['fmt', 'io', 'net/http', 'os']);
  const body = [];
  const check = ['\tif err != nil {', '\t\tfmt.Fprintln(os.Stderr, err)', '\t\tos.Exit(1)', '\t}'];
  const pairs = [...d.fields, ...(d.params ? [['params', d.paramsText]] : [])];
  if (d.upload) goUpload(d, pairs, imports, body, check);
  else {
    if (pairs.length) goFields(pairs, imports, body);
    goRequest(d, pairs, imports, body, check);
  }
  body.push(...check);
  for (const [name, value] of d.headers) body.push(`\trequest.Header.Set(${quoteGo(name)}, ${quoteGo(value)})`);
  body.push('\tresponse, err := http.DefaultClient.Do(request)', ...check, '\tdefer response.Body.Close()', '\tbody, err := io.ReadAll(response.Body)', ...check);
  goEnd(d, imports, body, check);
  const names = [...imports].sort().map((name) => `\t"${name}"`).join('\n');
  return `package main\n\nimport (\n${names}\n)\n\nfunc main() {\n${body.join('\n')}\n}\n`;
}

function goFields(pairs, imports, body) {
  imports.add('net/url');
  const width = Math.max(...pairs.map(([name]) => quoteGo(name).length));
  body.push('\tfields := url.Values{');
  for (const [name, value] of pairs) body.push(`\t\t${quoteGo(name)}:${' '.repeat(width - quoteGo(name).length + 1)}{${quoteGo(value)}},`);
  body.push('\t}');
}

function goRequest(d, pairs, imports, body, check) {
  if (d.method === 'GET') {
    body.push(`\trequest, err := http.NewRequest("GET", ${quoteGo(`${d.url}?`)}+fields.Encode(), nil)`);
  } else if (d.bytes) {
    body.push(`\tfile, err := os.Open(${quoteGo(d.bytes)})`, ...check, '\tdefer file.Close()');
    const url = pairs.length ? `${quoteGo(`${d.url}?`)}+fields.Encode()` : quoteGo(d.url);
    body.push(`\trequest, err := http.NewRequest("PUT", ${url}, file)`);
    d.headers.push(['Content-Type', 'application/octet-stream']);
  } else {
    imports.add('strings');
    body.push(`\trequest, err := http.NewRequest("${d.method}", ${quoteGo(d.url)}, strings.NewReader(fields.Encode()))`);
    d.headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
  }
}

function goUpload(d, pairs, imports, body, check) {
  imports.add('bytes').add('mime/multipart');
  body.push('\tvar form bytes.Buffer', '\twriter := multipart.NewWriter(&form)');
  for (const [name, value] of pairs) body.push(`\twriter.WriteField(${quoteGo(name)}, ${quoteGo(value)})`);
  body.push(`\tfile, err := os.Open(${quoteGo(d.upload)})`, ...check, '\tdefer file.Close()');
  body.push(`\tpart, err := writer.CreateFormFile("file", ${quoteGo(d.upload)})`, ...check);
  body.push('\tif _, err := io.Copy(part, file); err != nil {', '\t\tfmt.Fprintln(os.Stderr, err)', '\t\tos.Exit(1)', '\t}', '\twriter.Close()');
  body.push(`\trequest, err := http.NewRequest("POST", ${quoteGo(d.url)}, &form)`);
  d.headers.push(['Content-Type', null]);
}

function goEnd(d, imports, body, check) {
  const content = body.findIndex((line) => line.includes('"Content-Type", "null"'));
  if (content >= 0) body[content] = '\trequest.Header.Set("Content-Type", writer.FormDataContentType())';
  if (d.saveAs) {
    body.push(`\tif err := os.WriteFile("${d.saveAs}", body, 0o644); err != nil {`, '\t\tfmt.Fprintln(os.Stderr, err)', '\t\tos.Exit(1)', '\t}', '\tfmt.Println(len(body), "bytes saved")');
  } else if (d.isXml || d.isAbuse) {
    body.push('\tfmt.Println(string(body))');
  } else {
    imports.add('encoding/json');
    body.push('', '\tvar answer struct {', '\t\tRequest struct {', '\t\t\tCode    int', '\t\t\tMessage string', '\t\t}', '\t\tResponse map[string]json.RawMessage', '\t}');
    body.push('\tif err := json.Unmarshal(body, &answer); err != nil {', '\t\tfmt.Fprintln(os.Stderr, err)', '\t\tos.Exit(1)', '\t}');
    body.push('\tif answer.Request.Code != 200 {', '\t\tfmt.Fprintln(os.Stderr, answer.Request.Message, string(answer.Response["errors"]))', '\t\tos.Exit(1)', '\t}');
    for (const [name, isList] of d.members) body.push(...goMember(name, isList));
  }
}

function goMember(name, isList) {
  if (!isList) return [`\tfmt.Println(string(answer.Response["${name}"]))`];
  return [`\tvar ${name} []json.RawMessage`, `\tif err := json.Unmarshal(answer.Response["${name}"], &${name}); err != nil {`, '\t\tfmt.Fprintln(os.Stderr, err)', '\t\tos.Exit(1)', '\t}',
    `\tfor _, row := range ${name} {`, '\t\tfmt.Println(string(row))', '\t}'];
}

const WRITERS = { curl, php, python, javascript, go };

export function snippet(language, description) {
  return WRITERS[language]({ ...description, headers: [...description.headers] });
}
