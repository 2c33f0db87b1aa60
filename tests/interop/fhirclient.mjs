// Every call of fhirclient (the SMART client) that a server without authorization can answer. README.md has them as a table.
import { assert, ids, refusal, row } from './check.mjs';

export default async function run(fhirclient, baseUrl) {
  const smart = fhirclient({ headers: {}, url: '/' }, {}, new Map());
  const client = smart.client(baseUrl);
  const it = (call, check) => row('fhirclient', call, check);
  const json = (resource) => JSON.stringify(resource);
  const put = (resource) => client.update(resource);

  await it('client(url), getFhirVersion, getFhirRelease', async () => {
    assert.equal(client.getState('serverUrl'), baseUrl);
    assert.equal(await client.getFhirVersion(), '4.0.1');
    assert.equal(await client.getFhirRelease(), 4);
  });
  await it('create', async () => {
    const made = await client.create({ resourceType: 'Patient', gender: 'male' });
    assert.deepEqual([made.resourceType, made.gender, made.meta.versionId], ['Patient', 'male', '1']);
    const { body, response } = await client.create({ resourceType: 'Patient' }, { includeResponse: true });
    assert.deepEqual([response.status, body.resourceType], [201, 'Patient']);
    assert.match(response.headers.get('content-type'), /^application\/json/);
  });
  await it('create with Prefer: return=minimal follows Location', async () => {
    const made = await client.create({ resourceType: 'Patient', gender: 'other' }, { headers: { prefer: 'return=minimal' } });
    assert.deepEqual([made.resourceType, made.gender], ['Patient', 'other']);
  });
  await it('update', async () => {
    await put({ resourceType: 'Patient', id: 'smart-a', gender: 'male' });
    const done = await put({ resourceType: 'Patient', id: 'smart-a', gender: 'female' });
    assert.deepEqual([done.meta.versionId, done.gender], ['2', 'female']);
    const late = await refusal(client.update({ resourceType: 'Patient', id: 'smart-a' }, { headers: { 'If-Match': 'W/"1"' } }));
    assert.equal(late.status, 412);
  });
  await it('patch', async () => {
    await put({ resourceType: 'Patient', id: 'smart-patch', gender: 'male' });
    const done = await client.patch('Patient/smart-patch', [
      { op: 'test', path: '/gender', value: 'male' },
      { op: 'replace', path: '/gender', value: 'female' },
      { op: 'add', path: '/active', value: true },
    ]);
    assert.deepEqual([done.gender, done.active, done.meta.versionId], ['female', true, '2']);
  });
  await it('delete', async () => {
    await put({ resourceType: 'Patient', id: 'smart-delete' });
    assert.equal((await client.delete('Patient/smart-delete')).status, 204);
    assert.equal((await refusal(client.request('Patient/smart-delete'))).status, 410);
  });
  await it('request: a read, an absolute URL, options, a refusal', async () => {
    assert.equal((await client.request('Patient/smart-a')).id, 'smart-a');
    assert.equal((await client.request(new URL(`${baseUrl}/Patient/smart-a`))).id, 'smart-a');
    const { body, response } = await client.request({ url: 'Patient/smart-a/_history/1', includeResponse: true });
    assert.deepEqual([body.gender, response.headers.get('etag')], ['male', 'W/"1"']);
    const made = await client.request({ url: 'Patient', method: 'POST', body: json({ resourceType: 'Patient' }), headers: { 'content-type': 'application/fhir+json' } });
    assert.equal(made.meta.versionId, '1');
    const trouble = await refusal(client.request('Patient/smart-nobody'));
    assert.equal(trouble.status, 404);
    assert.match(trouble.message, /smart-nobody is not known/);
  });

  const organization = { resourceType: 'Organization', id: 'smart-o', name: 'Lab' };
  const patient = (n) => ({ resourceType: 'Patient', id: `smart-p${n}`, identifier: [{ system: 'urn:smart', value: 'p' }], managingOrganization: { reference: 'Organization/smart-o' } });
  const observation = (n) => ({
    resourceType: 'Observation', id: `smart-v${n}`, status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
    subject: { reference: `Patient/smart-p${n % 2}` }, performer: [{ reference: 'Organization/smart-o' }], valueQuantity: { value: 70 + n, unit: 'kg', code: 'kg' },
  });
  await put(organization);
  for (const n of [0, 1]) await put(patient(n));
  for (let n = 0; n < 5; ++n) await put(observation(n));
  const search = 'Observation?code=http://loinc.org|29463-7&_sort=_id&_count=2';
  const all = ['smart-v0', 'smart-v1', 'smart-v2', 'smart-v3', 'smart-v4'];

  await it('request with pageLimit', async () => {
    assert.deepEqual(ids(await client.request(search)), all.slice(0, 2));
    const two = await client.request(search, { pageLimit: 2 });
    assert.deepEqual(two.map(ids), [all.slice(0, 2), all.slice(2, 4)]);
    assert.equal((await client.request(search, { pageLimit: 0 })).length, 3);
  });
  await it('request with flat', async () => {
    const flat = await client.request(search, { pageLimit: 0, flat: true });
    assert.deepEqual(flat.map((each) => each.id), all);
  });
  await it('request with onPage', async () => {
    const pages = [];
    await client.request(search, { pageLimit: 0, onPage: (page) => pages.push(...ids(page)) });
    assert.deepEqual(pages, all);
  });
  await it('request with resolveReferences into the graph', async () => {
    const one = await client.request('Observation/smart-v1', { resolveReferences: ['subject', 'subject.managingOrganization', 'performer'] });
    assert.deepEqual([one.subject.id, one.subject.managingOrganization.name, one.performer[0].name], ['smart-p1', 'Lab', 'Lab']);
    const found = await client.request(search, { resolveReferences: 'subject', flat: true });
    assert.deepEqual(found.map((each) => each.subject.id), ['smart-p0', 'smart-p1']);
  });
  await it('request with resolveReferences beside the data', async () => {
    const { data, references } = await client.request(search, { resolveReferences: ['subject'], graph: false, flat: true, pageLimit: 0 });
    assert.deepEqual(data.map((each) => each.id), all);
    assert.deepEqual(Object.keys(references).sort(), ['Patient/smart-p0', 'Patient/smart-p1']);
  });
  await it('resolveReferences, getReferences', async () => {
    const one = await client.request('Observation/smart-v0');
    const references = await client.getReferences(one, ['subject', 'performer']);
    assert.deepEqual(Object.keys(references).sort(), ['Organization/smart-o', 'Patient/smart-p0']);
    await client.resolveReferences(one, ['subject']);
    assert.equal(one.subject.id, 'smart-p0');
  });
  await it('pages, resources', async () => {
    const pages = [];
    for await (const page of client.pages(search)) pages.push(ids(page).length);
    assert.deepEqual(pages, [2, 2, 1]);
    const some = [];
    for await (const resource of client.resources(search, { limit: 3 })) some.push(resource.id);
    assert.deepEqual(some, all.slice(0, 3));
  });
  await it('patient.read, patient.request of a launch that was made elsewhere', async () => {
    const launched = smart.client({ serverUrl: baseUrl, tokenResponse: { patient: 'smart-p1' } });
    assert.equal((await launched.patient.read()).id, 'smart-p1');
    const found = await launched.patient.request('Observation?_sort=_id', { flat: true });
    assert.deepEqual(found.map((each) => each.id), ['smart-v1', 'smart-v3']);
    assert.equal((await launched.patient.request('Patient', { flat: true }))[0].id, 'smart-p1');
  });
  await it('byCode, byCodes, units, getPath on what was read', async () => {
    const found = await client.request(search, { pageLimit: 0, flat: true });
    const weights = client.byCodes(found, 'code')('29463-7');
    assert.equal(weights.length, 5);
    assert.equal(client.units.kg(weights[1].valueQuantity), 71);
    assert.equal(client.getPath(weights[0], 'subject.reference'), 'Patient/smart-p0');
    assert.equal(Object.keys(client.byCode(found, 'code')).length, 1);
  });
  await it('a POST search and a transaction through request', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const found = await client.request({ url: 'Patient/_search', method: 'POST', headers: form, body: 'identifier=urn:smart|p&_sort=_id' }, { flat: true });
    assert.deepEqual(found.map((each) => each.id), ['smart-p0', 'smart-p1']);
    const entry = [{ resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } }];
    const answer = await client.request({ url: '/', method: 'POST', headers: { 'content-type': 'application/json' }, body: json({ resourceType: 'Bundle', type: 'transaction', entry }) });
    assert.equal(answer.type, 'transaction-response');
  });
  await it('AbortController', async () => {
    const abort = new AbortController();
    const feed = refusal(client.request({ url: '_changes', headers: { accept: 'text/event-stream' }, signal: abort.signal }));
    setTimeout(() => abort.abort(), 200);
    assert.equal((await feed).name, 'AbortError'); // it has no other end
    assert.equal((await client.request('Patient/smart-a')).id, 'smart-a');
  });
  await it('authorize and ready: the server is open, nobody is sent to sign in', async () => {
    const kept = new Map();
    const storage = { get: async (key) => kept.get(key), set: async (key, value) => kept.set(key, value), unset: async (key) => kept.delete(key) };
    const page = (url) => fhirclient({ headers: { host: 'app.example' }, url, socket: {} }, {}, storage);
    const next = await page('/').authorize({ iss: baseUrl, clientId: 'kiln', scope: 'patient/*.read', noRedirect: true });
    assert.match(next, /^http:\/\/app\.example\/\?state=/);
    const launched = await page(new URL(next).search).ready();
    assert.equal((await launched.request('Patient/smart-a')).id, 'smart-a');
    assert.equal(launched.getAuthorizationHeader(), null);
  });
}
