// Every call of fhir-kit-client that a server without authorization can answer. README.md has them as a table.
import { assert, ids, refusal, row } from './check.mjs';

export default async function run(Client, baseUrl) {
  const client = new Client({ baseUrl });
  const it = (call, check) => row('fhir-kit-client', call, check);
  const http = (answer) => Client.httpFor(answer).response;
  const patient = (more = {}) => ({ resourceType: 'Patient', ...more });
  const create = (body, options = {}) => client.create({ resourceType: body.resourceType, body, options });
  const update = (body, options = {}) => client.update({ resourceType: body.resourceType, id: body.id, body, options });
  const headers = (headers) => ({ headers });

  const tool = new Client.CapabilityTool(await client.capabilityStatement());

  await it('capabilityStatement', async () => {
    const statement = await client.capabilityStatement();
    assert.equal(statement.resourceType, 'CapabilityStatement');
    assert.equal(statement.fhirVersion, '4.0.1');
    assert.equal(statement.implementation.url, baseUrl);
    assert.equal(http(statement).status, 200);
  });
  await it('CapabilityTool', async () => {
    assert.ok(tool.serverCan('transaction') && tool.serverCan('batch') && tool.serverCan('history-system'));
    for (const code of ['read', 'vread', 'update', 'delete', 'create', 'search-type', 'history-instance', 'history-type'])
      assert.ok(tool.resourceCan('Patient', code), code);
    assert.ok(tool.resourceSearch('Patient', 'birthdate'));
    assert.ok(!tool.resourceSearch('Patient', 'colour'));
    assert.ok(tool.interactionsFor({ resourceType: 'Observation' }).includes('search-type'));
    assert.ok(tool.searchParamsFor({ resourceType: 'Observation' }).includes('code'));
    assert.equal(tool.capabilityContents({ resourceType: 'Patient', capabilityType: 'conditionalCreate' }), true);
    assert.ok(tool.supportFor({ resourceType: 'Patient', capabilityType: 'versioning' }));
  });
  await it('what smartAuthMetadata asks for: refused, there is no authorization', async () => {
    for (const place of ['smart-configuration', 'openid-configuration']) {
      const trouble = await refusal(client.request(`.well-known/${place}`));
      assert.deepEqual([trouble.response.status, trouble.response.data.resourceType], [404, 'OperationOutcome']);
    }
    const { rest } = await client.capabilityStatement();
    assert.equal(rest[0].security?.extension, undefined); // where R4 servers say the addresses
  });
  await it('create and read', async () => {
    const made = await create(patient({ name: [{ family: 'Ærø' }], birthDate: '1970-01-02' }));
    assert.equal(http(made).status, 201);
    assert.match(http(made).headers.get('location'), new RegExp(`^${baseUrl}/Patient/${made.id}/_history/1$`));
    const read = await client.read({ resourceType: 'Patient', id: made.id });
    assert.deepEqual(read, made);
    assert.equal(http(read).headers.get('etag'), 'W/"1"');
    assert.match(http(read).headers.get('content-type'), /^application\/fhir\+json/);
  });
  await it('create: refused with an OperationOutcome', async () => {
    const trouble = await refusal(create(patient({ birthDate: 'soon', hat: 1 })));
    assert.equal(trouble.response.status, 422);
    assert.equal(trouble.response.data.resourceType, 'OperationOutcome');
    assert.equal(trouble.response.data.issue.length, 2);
  });
  await it('create under If-None-Exist', async () => {
    const body = patient({ identifier: [{ system: 'urn:k', value: 'once' }] });
    const one = await create(body, headers({ 'If-None-Exist': 'identifier=urn:k|once' }));
    const two = await create(body, headers({ 'If-None-Exist': 'identifier=urn:k|once' }));
    assert.deepEqual([http(one).status, http(two).status, two.id], [201, 200, one.id]);
  });
  await it('create with Prefer: return=minimal and return=OperationOutcome', async () => {
    const nothing = await create(patient(), headers({ Prefer: 'return=minimal' }));
    assert.deepEqual(nothing, {});
    assert.equal(http(nothing).status, 201);
    const outcome = await create(patient(), headers({ Prefer: 'return=OperationOutcome' }));
    assert.equal(outcome.resourceType, 'OperationOutcome');
  });
  await it('read: unknown, deleted, and a type that is none', async () => {
    assert.equal((await refusal(client.read({ resourceType: 'Patient', id: 'nobody' }))).response.status, 404);
    const made = await create(patient());
    await client.delete({ resourceType: 'Patient', id: made.id });
    const gone = await refusal(client.read({ resourceType: 'Patient', id: made.id }));
    assert.equal(gone.response.status, 410);
    assert.equal(gone.response.data.issue[0].code, 'deleted');
    assert.equal((await refusal(client.read({ resourceType: 'Nothing', id: '1' }))).response.status, 404);
  });
  await it('read under a condition', async () => {
    const made = await create(patient());
    const trouble = await refusal(client.read({ resourceType: 'Patient', id: made.id, options: headers({ 'If-None-Match': 'W/"1"' }) }));
    assert.equal(trouble.response.status, 304);
    const read = await client.read({ resourceType: 'Patient', id: made.id, options: headers({ 'If-None-Match': 'W/"2"' }) });
    assert.equal(read.id, made.id);
  });
  await it('update: new, again, and vread', async () => {
    const made = await update(patient({ id: 'kit-update', gender: 'male' }));
    assert.equal(http(made).status, 201);
    const again = await update(patient({ id: 'kit-update', gender: 'female' }));
    assert.equal(http(again).status, 200);
    const first = await client.vread({ resourceType: 'Patient', id: 'kit-update', version: '1' });
    assert.deepEqual([first.gender, first.meta.versionId], ['male', '1']);
    assert.equal((await refusal(client.vread({ resourceType: 'Patient', id: 'kit-update', version: '3' }))).response.status, 404);
  });
  await it('update under If-Match', async () => {
    await update(patient({ id: 'kit-match' }));
    const done = await update(patient({ id: 'kit-match' }), headers({ 'If-Match': 'W/"1"' }));
    assert.equal(done.meta.versionId, '2');
    const late = await refusal(update(patient({ id: 'kit-match' }), headers({ 'If-Match': 'W/"1"' })));
    assert.equal(late.response.status, 412);
  });
  await it('update by criteria', async () => {
    const searchParams = { identifier: 'urn:k|criteria' };
    const body = (gender) => patient({ identifier: [{ system: 'urn:k', value: 'criteria' }], gender });
    assert.equal(tool.capabilityContents({ resourceType: 'Patient', capabilityType: 'conditionalUpdate' }), true);
    const made = await client.update({ resourceType: 'Patient', searchParams, body: body('male') });
    const changed = await client.update({ resourceType: 'Patient', searchParams, body: body('female') });
    assert.deepEqual([http(made).status, http(changed).status, changed.id, changed.gender], [201, 200, made.id, 'female']);
  });
  await it('patch', async () => {
    await update(patient({ id: 'kit-patch', gender: 'male' }));
    const JSONPatch = [{ op: 'replace', path: '/gender', value: 'female' }];
    assert.ok(tool.resourceCan('Patient', 'patch'));
    const done = await client.patch({ resourceType: 'Patient', id: 'kit-patch', JSONPatch });
    assert.deepEqual([done.gender, done.meta.versionId], ['female', '2']);
    const wrong = await refusal(client.patch({ resourceType: 'Patient', id: 'kit-patch', JSONPatch: [{ op: 'test', path: '/gender', value: 'male' }] }));
    assert.deepEqual([wrong.response.status, wrong.response.data.resourceType], [422, 'OperationOutcome']);
    const late = await refusal(client.patch({ resourceType: 'Patient', id: 'kit-patch', JSONPatch, options: headers({ 'If-Match': 'W/"1"' }) }));
    assert.equal(late.response.status, 412);
  });
  await it('delete: twice, and what never was', async () => {
    await update(patient({ id: 'kit-delete' }));
    for (const id of ['kit-delete', 'kit-delete', 'kit-never'])
      assert.equal(http(await client.delete({ resourceType: 'Patient', id })).status, 204);
    await update(patient({ id: 'kit-delete' }));
    assert.equal((await client.read({ resourceType: 'Patient', id: 'kit-delete' })).meta.versionId, '3');
  });

  const group = (n) => ({ resourceType: 'Observation', id: `kit-o${n}`, status: 'final', code: { coding: [{ system: 'urn:kit', code: 'pages' }] } });
  for (let n = 0; n < 5; ++n) await update(group(n));
  await it('search by GET', async () => {
    const found = await client.search({ resourceType: 'Observation', searchParams: { code: 'urn:kit|pages', _sort: '_id' } });
    assert.equal(found.total, 5);
    assert.deepEqual(ids(found), ['kit-o0', 'kit-o1', 'kit-o2', 'kit-o3', 'kit-o4']);
    const either = await client.search({ resourceType: 'Observation', searchParams: { _id: ['kit-o1,kit-o2', 'kit-o2,kit-o3'] } });
    assert.deepEqual(ids(either), ['kit-o2']);
  });
  await it('search by POST', async () => {
    const found = await client.search({ resourceType: 'Observation', searchParams: { code: 'urn:kit|pages', _sort: '-_id' }, options: { postSearch: true } });
    assert.equal(found.total, 5);
    assert.equal(ids(found)[0], 'kit-o4');
  });
  await it('resourceSearch, and a search that cannot be done', async () => {
    const none = await client.resourceSearch({ resourceType: 'Observation', searchParams: { code: 'urn:kit|nothing' } });
    assert.deepEqual([none.total, ids(none)], [0, []]);
    const trouble = await refusal(client.resourceSearch({ resourceType: 'Observation', searchParams: { date: 'soon' } }));
    assert.equal(trouble.response.status, 400);
  });
  await it('nextPage and prevPage', async () => {
    const seen = [];
    let page = await client.search({ resourceType: 'Observation', searchParams: { code: 'urn:kit|pages', _sort: '_id', _count: 2 } });
    const first = page;
    let second;
    for (; page; page = await client.nextPage({ bundle: page })) {
      seen.push(...ids(page));
      second ??= page === first ? undefined : page;
    }
    assert.deepEqual(seen, ['kit-o0', 'kit-o1', 'kit-o2', 'kit-o3', 'kit-o4']);
    const back = await client.prevPage({ bundle: second });
    assert.deepEqual(ids(back), ids(first));
    assert.equal(client.prevPage({ bundle: first }), undefined);
  });
  await it('compartmentSearch and systemSearch', async () => {
    await update(patient({ id: 'kit-whole' }));
    for (const id of ['kit-w1', 'kit-w2']) {
      await update({ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/kit-whole' } });
    }
    const compartment = { resourceType: 'Patient', id: 'kit-whole' };
    const records = await client.compartmentSearch({ resourceType: 'Observation', compartment, searchParams: { _sort: '_id', _count: 1 } });
    assert.deepEqual([records.total, ids(records)], [2, ['kit-w1']]);
    assert.deepEqual(ids(await client.nextPage({ bundle: records })), ['kit-w2']);
    const never = await refusal(client.compartmentSearch({ resourceType: 'Medication', compartment }));
    assert.equal(never.response.data.issue[0].code, 'not-supported');
    const all = await client.systemSearch({ searchParams: { _id: 'kit-whole,kit-w1', _sort: '_id' } });
    assert.deepEqual(ids(all), ['kit-w1', 'kit-whole']);
  });
  await it('history of a resource, a type, the system', async () => {
    await update(patient({ id: 'kit-history' }));
    await update(patient({ id: 'kit-history', active: true }));
    await client.delete({ resourceType: 'Patient', id: 'kit-history' });
    const one = await client.history({ resourceType: 'Patient', id: 'kit-history' });
    assert.deepEqual([one.type, one.total, one.entry.map((entry) => entry.request.method)], ['history', 3, ['DELETE', 'PUT', 'PUT']]);
    const type = await client.history({ resourceType: 'Patient' });
    assert.equal(type.entry[0].request.url, 'Patient/kit-history');
    const all = await client.history();
    assert.equal(all.entry[0].request.method, 'DELETE');
    const next = await client.nextPage({ bundle: all });
    assert.equal(next.type, 'history');
    assert.deepEqual((await client.resourceHistory({ resourceType: 'Patient', id: 'kit-history' })).entry.length, 3);
    assert.equal((await client.typeHistory({ resourceType: 'Patient' })).type, 'history');
    assert.equal((await client.systemHistory()).type, 'history');
  });
  await it('batch', async () => {
    const answer = await client.batch({
      body: {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { request: { method: 'GET', url: 'Patient/kit-update' } },
          { request: { method: 'GET', url: 'Patient/kit-nobody' } },
          { resource: patient({ id: 'kit-batch' }), request: { method: 'PUT', url: 'Patient/kit-batch' } },
        ],
      },
    });
    assert.equal(answer.type, 'batch-response');
    assert.deepEqual(answer.entry.map((entry) => entry.response.status.slice(0, 3)), ['200', '404', '201']);
  });
  await it('transaction', async () => {
    const body = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { fullUrl: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a', resource: patient(), request: { method: 'POST', url: 'Patient' } },
        {
          resource: { ...group('t'), subject: { reference: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a' } },
          request: { method: 'PUT', url: 'Observation/kit-ot' },
        },
      ],
    };
    const answer = await client.transaction({ body });
    assert.equal(answer.type, 'transaction-response');
    const written = await client.read({ resourceType: 'Observation', id: 'kit-ot' });
    assert.equal(`${written.subject.reference}/_history/1`, answer.entry[0].response.location.replace(`${baseUrl}/`, ''));
    body.entry[0].resource.birthDate = 'soon';
    const trouble = await refusal(client.transaction({ body }));
    assert.match(trouble.response.data.issue[0].expression[0], /^Bundle\.entry\[0\]/);
  });
  await it('resolve: absolute, relative, contained, within a Bundle', async () => {
    await update({ ...group('r'), subject: { reference: '#p' }, contained: [patient({ id: 'p', gender: 'other' })] });
    const context = await client.read({ resourceType: 'Observation', id: 'kit-or' });
    assert.equal((await client.resolve({ reference: '#p', context })).gender, 'other');
    assert.equal((await client.resolve({ reference: 'Patient/kit-update' })).id, 'kit-update');
    assert.equal((await client.resolve({ reference: `${baseUrl}/Patient/kit-update` })).id, 'kit-update');
    const bundle = await client.search({ resourceType: 'Patient', searchParams: { _id: 'kit-update' } });
    assert.equal((await client.resolve({ reference: 'Patient/kit-update', context: bundle })).id, 'kit-update');
    assert.equal((await client.resolve({ reference: 'Patient/kit-match', context: bundle })).id, 'kit-match');
  });
  await it('operation: refused, there are none', async () => {
    const post = await refusal(client.operation({ name: 'everything', resourceType: 'Patient', id: 'kit-update', input: { resourceType: 'Parameters' } }));
    assert.deepEqual([post.response.status, post.response.data.issue[0].code], [404, 'not-supported']);
    const get = await refusal(client.operation({ name: '$lookup', resourceType: 'CodeSystem', method: 'get', input: { code: 'x' } }));
    assert.equal(get.response.status, 404);
  });
  await it('request, customHeaders, bearerToken, httpFor', async () => {
    const other = new Client({ baseUrl, customHeaders: { 'X-Request-Id': 'kit-7' }, bearerToken: 'none' });
    const read = await other.request('Patient/kit-update');
    assert.equal(read.id, 'kit-update');
    assert.equal(http(read).headers.get('x-request-id'), 'kit-7');
    assert.equal(Client.httpFor(read).request.headers.get('authorization'), 'Bearer none');
    const head = await other.request('Patient/kit-update', { method: 'HEAD' });
    assert.equal(http(head).headers.get('etag'), 'W/"2"');
    const whole = await other.request(`${baseUrl}/Patient/kit-update`, { options: headers({ accept: 'application/json' }) });
    assert.match(http(whole).headers.get('content-type'), /^application\/json/);
  });
  await it('a base URL with a slash at its end', async () => {
    const slashed = new Client({ baseUrl: `${baseUrl}/` });
    assert.equal((await slashed.read({ resourceType: 'Patient', id: 'kit-update' })).id, 'kit-update');
    assert.equal((await slashed.batch({ body: { resourceType: 'Bundle', type: 'batch' } })).type, 'batch-response');
  });
  await it('64 calls at once', async () => {
    const all = await Promise.all(Array.from({ length: 64 }, (_, n) => (n % 2 ? create(patient({ active: true })) : client.read({ resourceType: 'Patient', id: 'kit-update' }))));
    assert.equal(new Set(all.map((each) => each.id)).size, 33);
  });
}
