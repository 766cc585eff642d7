import GRPC
import Glibc
import JSON
import Primitives
import RPC
import Synchronization

/// Reads lines of JSON and answers each with one, in the order in which the calls end.
///
/// `{"id": 1, "path": "/test.Peer/Echo", "text": "…" or "hex": "…" or "size": 5, "seconds": 2, "cancel_after": 0.1, "metadata": {"a": "b"}}` is one call,
/// with `"count"` and `"parallel"` many of them.
final class PeerClient: Sendable {
    private struct Order: Sendable {
        var id = 0
        var path = ""
        var message: [UInt8] = []
        var seconds = 5.0
        var cancelAfter: Double?
        var metadata = RPCMetadata()
        var count = 1
        var parallel = 1
    }

    private let transport: GRPCTransport

    init(_ transport: GRPCTransport) { self.transport = transport }

    func run() async throws {
        let lines = AsyncStream<String> { lines in
            do {
                try Thread.start("stdin") {
                    while let line = readLine() { lines.yield(line) }
                    lines.finish()
                }
            } catch {
                lines.finish()
            }
        }
        say("ready")
        await withTaskGroup(of: Void.self) { group in
            for await line in lines {
                guard let order = try? Self.order(line) else {
                    say("{\"error\":\"not an order\"}")
                    continue
                }
                group.addTask { [self] in await carryOut(order) }
            }
        }
        transport.close()
    }

    private static func order(_ line: String) throws -> Order {
        let document = try JSONDocument(parsing: Array(line.utf8))
        return document.withRoot { root in
            var order = Order()
            order.id = root["id"]?.integer ?? 0
            order.path = root["path"]?.text ?? ""
            if let text = root["text"]?.text { order.message = Array(text.utf8) }
            if let size = root["size"]?.integer { order.message = [UInt8](repeating: 0x78, count: size) }
            order.seconds = root["seconds"]?.number ?? 5
            order.cancelAfter = root["cancel_after"]?.number
            order.count = root["count"]?.integer ?? 1
            order.parallel = root["parallel"]?.integer ?? 1
            root["metadata"]?.forEachMember { order.metadata.pairs.append((name: $0.text, value: $1.text ?? "")) }
            return order
        }
    }

    private func carryOut(_ order: Order) async {
        guard order.count > 1 else { return tell(order, await one(order)) }
        let taken = Taken(order.count)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<order.parallel {
                group.addTask { [self] in
                    while taken.next() { taken.count(await one(order).error) }
                }
            }
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", order.id)
            for (code, count) in taken.codes {
                writer.key(text: code.name)
                writer.integer(count)
            }
            if let details = taken.details { writer.member("details", details) }
        }
        say(String(decoding: writer.bytes, as: UTF8.self))
    }

    private struct Result: Sendable {
        var answer: [UInt8] = []
        var error: RPCError?
        var seconds = 0.0
    }

    private func one(_ order: Order) async -> Result {
        let start = ContinuousClock.now
        let task = Task { [transport] in
            do throws(RPCError) {
                return Result(
                    answer: try await transport.call(
                        order.path, order.message, by: .after(seconds: order.seconds), metadata: order.metadata))
            } catch {
                return Result(error: error)
            }
        }
        let alarm = order.cancelAfter.map { seconds in Alarm(at: .after(seconds: seconds)) { task.cancel() } }
        var result = await task.value
        alarm?.stop()
        result.seconds = (ContinuousClock.now - start).seconds
        return result
    }

    private func tell(_ order: Order, _ result: Result) {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", order.id)
            writer.member("seconds", result.seconds)
            if let error = result.error {
                writer.member("code", error.code.name)
                writer.member("details", error.message)
            } else {
                writer.member("code", "OK")
                writer.member("size", result.answer.count)
                if result.answer.count < 1 << 16 { writer.member("text", String(decoding: result.answer, as: UTF8.self)) }
            }
        }
        say(String(decoding: writer.bytes, as: UTF8.self))
    }
}

/// How many calls are still to be made, and how those that were made ended.
private final class Taken: Sendable {
    private struct State {
        var left: Int
        var codes: [RPCCode: Int] = [:]
        var details: String?
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(left: count)) }

    func next() -> Bool {
        state.withLock { state in
            guard state.left > 0 else { return false }
            state.left -= 1
            return true
        }
    }

    func count(_ error: RPCError?) {
        state.withLock { state in
            state.codes[error?.code ?? .ok, default: 0] += 1
            state.details = state.details ?? error?.message
        }
    }

    var codes: [(RPCCode, Int)] { state.withLock { $0.codes.map { ($0.key, $0.value) } } }

    /// Of the first that failed.
    var details: String? { state.withLock { $0.details } }
}
