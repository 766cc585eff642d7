import Glibc
import Primitives
import Testing

@Suite("What a service manager is told")
struct ServiceManagerTests {
    /// Receives one datagram that `body` sends to the socket's name.
    private func heard(_ name: String, _ body: (String) -> Void) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let code = withUnsafeBytes(of: &address) { raw in
            raw.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(2 + bytes.count)) } ?? -1
        }
        try #require(code == 0)
        body(name)
        var room = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT))
        return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
    }

    static let messages: [(ServiceManager.Message, String)] = [
        (.ready(status: "Serving."), "READY=1\nSTATUS=Serving."), (.stopping, "STOPPING=1"), (.watchdog, "WATCHDOG=1"),
    ]

    @Test("Messages reach a socket of a path, and one of the abstract space", arguments: messages, ["/tmp/", "@"])
    func tells(_ message: (ServiceManager.Message, String), _ space: String) throws {
        let name = "\(space)martlet-test-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(name) }
        let text = try heard(name) { #expect(ServiceManager.tell(message.0, socketPath: $0)) }
        #expect(text == message.1)
    }

    @Test("A reload says when it began, as systemd wants it")
    func reloading() throws {
        let text = try heard("@martlet-test-\(UInt64.random(in: 0 ... .max))") { ServiceManager.tell(.reloading, socketPath: $0) }
        #expect(text.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(Int(text.dropFirst("RELOADING=1\nMONOTONIC_USEC=".count)).map { $0 > 0 } == true)
    }

    static let deaf: [String?] = [
        nil, "", "relative", "/nonexistent/socket", "@nobody-\(UInt64.random(in: 0 ... .max))", "/" + String(repeating: "x", count: 200),
    ]

    @Test("Where nobody listens, nothing happens", arguments: deaf)
    func silence(_ path: String?) { #expect(!ServiceManager.tell(.watchdog, socketPath: path)) }

    @Test("A process that was not handed sockets has none")
    func sockets() {
        #expect(ServiceManager.inheritedDescriptors.isEmpty)
        #expect(ServiceManager.watchdogSeconds == nil)
    }
}
