// fetch.js COUNT HOST PORT : so many requests at once with node's http, each on a connection of its own; what came of them.
const http = require('http');
const [count, host, port] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const results = {};
let left = count;

function done(result) {
    results[result] = (results[result] || 0) + 1;
    if (--left === 0)
        for (const each of Object.keys(results).sort())
            console.log(results[each], each);
}

for (let i = 0; i < count; i++) {
    const request = http.get({ host, port, path: '/hello', agent: false }, (response) => {
        let body = '';
        response.on('data', (piece) => { body += piece; });
        response.on('end', () => done(body.trim()));
    });
    request.on('error', (error) => done(error.code));
}
