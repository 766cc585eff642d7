import Glibc
import Primitives
import RawPeers
import Synchronization
import Testing

/// The other side of TLS, or a proxy before it, in Python: neither GnuTLS nor ours, and it tells what it saw.
final class TLSPeer: Sendable {
    enum Role: String {
        /// Answers each request with the TLS version, and reports `VERSION requests bytes` when a connection ends.
        case server
        /// Reports the head that it gets as one line, then answers CONNECT and passes bytes on.
        case proxy
    }

    struct Options: Sendable {
        var role = Role.server
        /// PEM files; nil for a peer without TLS.
        var certificate: String?
        var key: String?
        /// Such as `TLSv1_2`; nil for any.
        var onlyVersion: String?
        /// Whoever shows no certificate that this file vouches for is refused.
        var clientAuthority: String?
        /// What a proxy answers; past 299 it passes nothing on.
        var status = 200
    }

    private struct State {
        var processID: Int32?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let control: RawServer
    private let lines: AsyncStream<String>

    private init(_ options: Options) throws {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        control = try RawServer { connection in
            while let line = connection.read(through: "\n") { continuation.yield(String(line.dropLast())) }
            continuation.finish()
        }
        let arguments = [
            "-c", Self.script, "\(control.port)", options.role.rawValue, options.certificate ?? "", options.key ?? "",
            options.onlyVersion ?? "", options.clientAuthority ?? "", "\(options.status)",
        ]
        // A child ends with the thread that started it.
        try Thread.start("tls-peer") { [self] in
            defer { continuation.finish() }
            let request = ChildProcess.Request(program: "/usr/bin/python3", arguments: arguments)
            guard let child = try? ChildProcess(starting: request, output: STDERR_FILENO) else { return }
            state.withLock { state in
                state.processID = child.processID
                if state.isStopped { kill(child.processID, SIGKILL) }
            }
            _ = child.waitForEnd(until: .after(seconds: 60))
            child.signalGroup(SIGKILL)
            _ = child.waitForEnd(until: .after(seconds: 5))
        }
    }

    private func stop() {
        state.withLock { state in
            if let processID = state.processID { kill(processID, SIGKILL) }
            state.isStopped = true
        }
    }

    /// The next line that the peer reports; nil when it has ended.
    func report() async -> String? {
        for await line in lines { return line }
        return nil
    }

    /// Runs a peer while `body` does.
    static func run<Result>(_ options: Options, _ body: (_ port: Int, TLSPeer) async throws -> Result) async throws -> Result {
        let peer = try TLSPeer(options)
        defer { peer.stop() }
        let port = try #require(await peer.report().flatMap { Int($0) }, "the peer did not start; it needs python3")
        return try await body(port, peer)
    }

    private static let script = """
        import signal, socket, ssl, sys, threading

        control, role, certificate, key, version, authority, status = sys.argv[1:]
        signal.alarm(60)
        reports = socket.create_connection(("127.0.0.1", int(control)))
        lock = threading.Lock()

        def report(line):
            with lock:
                reports.sendall(line.encode() + b"\\n")

        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if version:
                context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
            if authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(authority)

        def serve(client):
            requests, count, head = 0, 0, b""
            while data := client.recv(65536):
                count += len(data)
                head += data
                while b"\\r\\n\\r\\n" in head:
                    head = head.split(b"\\r\\n\\r\\n", 1)[1]
                    requests += 1
                    body = client.version().encode()
                    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
            report(f"{client.version()} {requests} {count}")

        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def forward(client):
            head = b""
            while not head.endswith(b"\\r\\n\\r\\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            report(head.decode().replace("\\r\\n", "|"))
            verb, target, _ = head.split(b" ", 2)
            client.sendall(b"HTTP/1.1 %s Indeed\\r\\nX-Proxy: yes\\r\\nContent-Length: 0\\r\\n\\r\\n" % status.encode())
            if verb == b"CONNECT" and int(status) < 300:
                host, port = target.decode().rsplit(":", 1)
                server = socket.create_connection((host, int(port)))
                threading.Thread(target=pump, args=(server, client), daemon=True).start()
                pump(client, server)

        def take(client):
            raw = client.dup()
            try:
                with context.wrap_socket(client, server_side=True) if context else client as client:
                    serve(client) if role == "server" else forward(client)
            except OSError as error:
                report(f"refused: {error}")
            # A close before everything is read would be a reset, which can overtake the alert that says why.
            try:
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            except OSError:
                pass
            raw.close()

        listener = socket.create_server(("127.0.0.1", 0))
        report(str(listener.getsockname()[1]))
        while True:
            threading.Thread(target=take, args=(listener.accept()[0],), daemon=True).start()
        """
}
