// A port of this machine at which nobody listens, for what must know its port before it starts.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // It was given a port, so the address is no pipe.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
