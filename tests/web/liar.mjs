// SPDX-License-Identifier: MIT
// Stands between the page and a real `ctrace view` and passes everything on, until it is told to
// lie: then what the server sends is cut, changed, delayed or not sent at all.

import {createServer, request} from 'node:http'
import {connect} from 'node:net'

const TEXT = 1
const BINARY = 2

/** A server's frame around a whole message. */
export function frame(opcode, payload) {
  const size = payload.length
  const head =
    size < 126
      ? Buffer.from([0x80 | opcode, size])
      : size < 65536
        ? Buffer.from([0x80 | opcode, 126, size >> 8, size & 255])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), u32(size)])
  return Buffer.concat([head, payload])
}

function u32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Whole messages from a server's bytes, whatever frames they come in. */
function messageReader(onMessage) {
  let bytes = Buffer.alloc(0)
  let parts = []
  let opcode = 0
  const frameAt = () => {
    if (bytes.length < 2) {
      return null
    }
    const short = bytes[1] & 127
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length < head) {
      return null
    }
    const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    return bytes.length < head + size ? null : {head, size}
  }
  return chunk => {
    bytes = Buffer.concat([bytes, chunk])
    for (let found = frameAt(); found !== null; found = frameAt()) {
      const first = bytes[0]
      const payload = Buffer.from(bytes.subarray(found.head, found.head + found.size))
      bytes = bytes.subarray(found.head + found.size)
      opcode = (first & 15) === 0 ? opcode : first & 15
      parts.push(payload)
      if ((first & 0x80) !== 0) {
        onMessage(opcode, Buffer.concat(parts))
        parts = []
      }
    }
  }
}

/**
 * A lie: `text(message, send, socket)` and `binary(bytes, send, socket)` get what the server said and
 * send what they like; `upgrade(socket)` answers the handshake instead of the server.
 */
export async function makeLiar(url) {
  const target = new URL(url)
  const port = Number(target.port)
  const sockets = new Set()
  let lie = null
  const own = {port: 0}
  const headersFor = headers => ({...headers, host: target.host, ...(headers.origin ? {origin: `http://${target.host}`} : {})})

  const server = createServer((asked, answer) => {
    const options = {host: '127.0.0.1', port, path: asked.url, method: asked.method, headers: headersFor(asked.headers)}
    const inner = request(options, given => {
      answer.writeHead(given.statusCode, given.headers)
      given.pipe(answer)
    })
    inner.on('error', () => answer.destroy())
    asked.pipe(inner)
  })
  server.on('upgrade', (asked, socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (lie?.upgrade !== undefined) {
      lie.upgrade(socket)
      return
    }
    const inner = connect(port, '127.0.0.1')
    inner.on('error', () => socket.destroy())
    inner.on('close', () => socket.end())
    socket.on('close', () => inner.destroy())
    const {'sec-websocket-extensions': _, ...headers} = headersFor(asked.headers)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    inner.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    const send = (opcode, payload) => socket.write(frame(opcode, Buffer.from(payload)))
    const read = messageReader((opcode, payload) => {
      if (opcode === TEXT && lie?.text !== undefined) {
        lie.text(payload.toString(), text => send(TEXT, text), socket)
      } else if (opcode === BINARY && lie?.binary !== undefined) {
        lie.binary(payload, bytes => send(BINARY, bytes), socket)
      } else {
        send(opcode, payload)
      }
    })
    let head = ''
    inner.on('data', chunk => {
      if (head !== null) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) {
          return
        }
        socket.write(head.slice(0, end + 4), 'latin1')
        chunk = Buffer.from(head.slice(end + 4), 'latin1')
        head = null
      }
      read(chunk)
    })
    socket.on('data', chunk => inner.write(chunk))
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  own.port = server.address().port
  return {
    url: url.replace(target.host, `127.0.0.1:${own.port}`),
    tell: next => (lie = next),
    /** Breaks every connection, as a crash does. */
    cut: () => sockets.forEach(socket => socket.resetAndDestroy()),
    close: () => {
      sockets.forEach(socket => socket.destroy())
      return new Promise(done => {
        server.close(done)
        server.closeAllConnections()
      })
    },
  }
}
