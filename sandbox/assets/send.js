/**
 * Sending. Whatever is asked goes as POST with the credentials in the body and the method as a parameter: so no address
 * of this page's ever holds them.
 */
import { addressOf, authorizationOf, isDownload, needsFile, paramsText } from './request.js';

/** The wire's view of a request: {method, url, headers, body}. */
export function wire(context) {
  const { request } = context;
  if (request.api === 'abuse') return abuseWire(context);
  const { url, action } = addressOf(context.apiUrl, request, context.form);
  const params = paramsText(request, context.catalog);
  const headers = { Prefer: 'server-timing' };
  const pairs = [...(action ? [['action', action]] : []), ['username', context.user.name], ['password', context.user.hash], ['method', request.method.toLowerCase()]];
  if (params) pairs.push(['params', params]);
  if (request.ifMatch) headers['If-Match'] = request.ifMatch;
  if (request.idempotencyKey && request.method === 'POST') headers['Idempotency-Key'] = request.idempotencyKey;
  if (needsFile(request)) return bytesWire(context, url, action, headers);
  if (request.method === 'POST' && request.file) return { method: 'POST', url, headers, body: multipart(pairs, request.file) };
  return { method: 'POST', url, headers, body: new URLSearchParams(pairs) };
}

function multipart(pairs, file) {
  const form = new FormData();
  for (const [name, value] of pairs) form.append(name, value);
  form.append('file', file, file.name);
  return form;
}

/** Bytes fill the body: the login goes into a field. */
function bytesWire(context, url, action, headers) {
  const [field, value] = authorizationOf(context.user);
  const query = action ? `?${new URLSearchParams([['action', action]])}` : '';
  return { method: 'PUT', url: url + query, headers: { ...headers, [field]: value, 'Content-Type': context.request.file.type || 'application/octet-stream' }, body: context.request.file };
}

function abuseWire({ request, abuseUrl, apiId }) {
  const pairs = [['action', 'create']];
  for (const [name, value] of Object.entries(request.abuse)) if (value !== '' && value !== false) pairs.push([name, value === true ? 'true' : value]);
  return { method: 'POST', url: abuseUrl, headers: { 'API-ID': apiId }, body: new URLSearchParams(pairs) };
}

export const isOwnOrigin = (url) => new URL(url, location.href).origin === location.origin;

/** Sends and resolves with an Answer; rejects with an Error whose message is for people. */
export function send(context, { onUpload, onDownload, signal } = {}) {
  const { method, url, headers, body } = wire(context);
  if (!isOwnOrigin(url)) return Promise.reject(new Error(`This page sends to its own origin, ${location.origin}, alone. The code on the page works from anywhere.`));
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const began = performance.now();
    let firstByte = 0;
    xhr.open(method, url);
    xhr.responseType = 'arraybuffer';
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.onreadystatechange = () => { if (xhr.readyState === 2) firstByte = performance.now(); };
    if (onUpload) xhr.upload.onprogress = (event) => onUpload(event.loaded, event.total);
    if (onDownload) xhr.onprogress = (event) => onDownload(event.loaded, event.lengthComputable ? event.total : 0);
    xhr.onload = () => resolve(readAnswer(xhr, context, { total: performance.now() - began, firstByte: firstByte - began }));
    xhr.onerror = () => reject(new Error('No answer: the gateway is not reachable, or it closed the connection.'));
    xhr.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal?.addEventListener('abort', () => xhr.abort());
    xhr.send(body);
  });
}

function readHeaders(xhr) {
  return xhr.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
}

/** Server-Timing (W3C): [[phase, milliseconds]]. */
export function readTiming(value) {
  return (value ?? '').split(',').map((part) => part.trim().match(/^([\w-]+);dur=([\d.]+)/)).filter(Boolean).map((match) => [match[1], Number(match[2])]);
}

/** A blob's address is of this origin: opened there, an uploader's own page would be a page of ours. So no blob has a type. */
function readAnswer(xhr, { request }, time) {
  const headers = readHeaders(xhr);
  const header = (name) => headers.find(([key]) => key === name)?.[1] ?? null;
  const type = header('content-type') ?? '';
  const isText = /json|xml|^text\//.test(type);
  const isFile = isDownload(request) && xhr.status < 300 && header('content-disposition');
  return {
    status: xhr.status, headers, header, time, phases: readTiming(header('server-timing')), type,
    bytes: xhr.response.byteLength,
    text: isText && !isFile ? new TextDecoder().decode(xhr.response) : null,
    blob: isText && !isFile ? null : new Blob([xhr.response], { type: 'application/octet-stream' }),
  };
}
