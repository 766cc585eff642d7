import Glibc
import MicroHTTPDShim

// The C callbacks of a server. They run on libmicrohttpd's threads, hence free functions: a closure could be bound to an actor.

func serverOnRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ target: UnsafePointer<mlt_httpd_target>?, _ method: UnsafePointer<CChar>?, _ body: UnsafePointer<UInt8>?,
    _ size: UnsafeMutablePointer<Int>?, _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    guard let context, let connection, let path, let target, let method, let size, let request else { return 0 }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    guard let known = request.pointee else {
        let asked = ServerExchange.Target(
            method: String(cString: method), path: String(cString: path), query: target.pointee.query.map { String(cString: $0) } ?? "",
            bytes: target.pointee.size, hasEscapedSlash: target.pointee.has_escaped_slash == 1,
            hasPlainLines: target.pointee.has_plain_lines == 1)
        let exchange = server.begin(connection, asked)
        request.pointee = Unmanaged.passRetained(exchange).toOpaque()
        return server.refuse(exchange) ? server.send(exchange) : 1
    }
    let exchange = Unmanaged<ServerExchange>.fromOpaque(known).takeUnretainedValue()
    if size.pointee > 0 {
        exchange.receive(UnsafeBufferPointer(start: body, count: size.pointee))
        size.pointee = 0
        return 1
    }
    if exchange.isReceiving {
        if exchange.isTooLarge {
            server.turnAway(exchange, HTTPServerResponse(status: 413, text: "Request body too large.\n"))
            return server.send(exchange)
        }
        // A suspended connection comes back here once it is resumed.
        return server.dispatch(exchange) ? server.send(exchange) : 1
    }
    return server.send(exchange)
}

func serverOnEnd(_ context: UnsafeMutableRawPointer?, _ request: UnsafeMutableRawPointer?) {
    guard let context, let request else { return }
    let exchange = Unmanaged<ServerExchange>.fromOpaque(request).takeRetainedValue()
    Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().end(exchange)
}

func serverOnConnection(_ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ descriptor: Int32) -> UnsafeMutableRawPointer?
{
    guard let context, let connection else { return nil }
    let id = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().begin(connection, descriptor)
    // A number, not an address: libmicrohttpd only keeps it.
    return id.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
}

func serverOnConnectionEnd(_ context: UnsafeMutableRawPointer?, _ own: UnsafeMutableRawPointer?) {
    guard let context, let own else { return }
    Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().endConnection(UInt(bitPattern: own))
}

func serverOnLog(_ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<CChar>?) {
    guard let context, let message else { return }
    Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue().note(String(cString: message))
}
